"""Runs mutants: a process that has the libraries imported forks one child per mutant, which runs its nearest tests."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.mutation.imports import dependents
from tests.mutation.mutants import ROOT, Mutant, tree
from tests.mutation.nearest import tests

CPU_SECONDS = 90
"""A mutant that computes longer than this counts as killed: it turned a loop into an endless one."""
WALL_SECONDS = 300
"""The same for one that waits."""
_PYTEST = (
    "-xq", "--assert=plain", "--tb=no", "--no-header", "--no-summary", "-mnot slow and not e2e",
    "-pno:cacheprovider", "-pno:xdist", "-pno:unraisableexception", "-pno:threadexception",
)  # fmt: skip
_LIBRARIES = ("boto3", "botocore.client", "moto.core.models", "moto.s3", "moto.sagemaker", "numpy", "pydantic", "PIL")
_CLIENTS = ("s3", "sagemaker", "sagemaker-runtime", "cloudwatch", "service-quotas", "codebuild")


@dataclass(frozen=True)
class Result:
    """`killer`: the first test that failed, or why there was none; empty for a mutant that lives."""

    mutant: Mutant
    killer: str
    seconds: float


def warm_up(*, assemblies: bool) -> None:
    """Import once what every child needs; with `assemblies` also synthesize the stacks that the controls look at."""
    import boto3

    for name in _LIBRARIES:
        importlib.import_module(name)
    for service in _CLIENTS:
        boto3.client(service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    if assemblies:
        from tests.stacks.assemblies import ENVIRONMENTS, assembly

        for environment in ENVIRONMENTS:
            assembly(environment)


def run(mutants: Iterable[Mutant], processes: int) -> Iterator[Result]:
    """Each mutant's result, as they end."""
    waiting, running = list(mutants)[::-1], []
    for module in {mutant.module for mutant in waiting}:
        dependents(module)
    gc.freeze()
    while waiting or running:
        while waiting and len(running) < processes:
            running.append(_start(waiting.pop()))
        time.sleep(0.01)
        for child in [child for child in running if child.ended()]:
            running.remove(child)
            yield child.result()


def failure_unharmed(paths: Sequence[str]) -> str:
    """The test that fails on the product as it is; only where there is none do failures say something about mutants."""
    child = _fork(lambda write: _test(paths, write))
    while not child.ended():
        time.sleep(0.01)
    return child.killer()


@dataclass
class _Child:
    """A forked process. It writes who killed its mutant into a pipe, and nothing when it died before it knew."""

    pid: int
    read: int
    mutant: Mutant | None = None
    started: float = field(default_factory=time.monotonic)
    status: int | None = None

    def ended(self) -> bool:
        found, status, _ = os.wait4(self.pid, os.WNOHANG)
        if found:
            self.status = status
        elif time.monotonic() - self.started > WALL_SECONDS:
            os.killpg(self.pid, signal.SIGKILL)
        return bool(found)

    def killer(self) -> str:
        with os.fdopen(self.read) as pipe:
            text = pipe.read()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return json.loads(text) if text else f"its process ended with status {self.status}"

    def result(self) -> Result:
        assert self.mutant
        return Result(self.mutant, self.killer(), time.monotonic() - self.started)


def _start(mutant: Mutant) -> _Child:
    def live(write: Callable[[str], None]) -> None:
        _plant(mutant)
        _test(tests(mutant.path), write)

    child = _fork(live)
    child.mutant = mutant
    return child


def _fork(work: Callable[[Callable[[str], None]], None]) -> _Child:
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return _Child(pid, read)
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        work(lambda killer: os.write(write, json.dumps(killer).encode()))
    finally:
        os._exit(0)


def _test(paths: Sequence[str], write: Callable[[str], Any]) -> None:
    """One path after the other: most mutants die in the first, and then the imports of the others cost nothing."""
    folder = tempfile.mkdtemp(prefix="kennel-mutant-")
    killer = next(filter(None, (_killer(path, folder) for path in paths)), "")
    write(killer)
    shutil.rmtree(folder, ignore_errors=True)


def _killer(path: str, folder: str) -> str:
    recorder = _Recorder()
    try:
        code = pytest.main([*_PYTEST, f"--basetemp={folder}/t", path], plugins=[recorder])
    except BaseException as error:
        return f"{path} ended with {error!r}"
    return (
        ""
        if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        else recorder.failed or f"{path} ended with {code}"
    )


class _Recorder:
    """A plugin of pytest that keeps the name of the first test or file that failed."""

    failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid} (it cannot be imported)"


def _plant(mutant: Mutant) -> None:
    """From now on, who imports the module gets the mutant."""
    for name in dependents(mutant.module) & set(sys.modules):
        del sys.modules[name]
        package, _, attribute = name.rpartition(".")
        if package in sys.modules:
            # `from package import module` looks here first.
            vars(sys.modules[package]).pop(attribute, None)
    sys.meta_path.insert(0, _Finder(mutant))


class _Finder:
    """Finds one module, with a fault in it."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.code = compile(tree(mutant), str(ROOT / mutant.path), "exec")

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != self.mutant.module:
            return None
        file = Path(ROOT / self.mutant.path)
        return importlib.util.spec_from_file_location(name, file, loader=_Loader(name, str(file), self.code))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        return self.code
