"""Carry the steps out, and clean up whatever happens: a failure, Ctrl-C, or a request to end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from config.app import AppConfig
from kennel.errors import KennelError
from kennel.preflight.spend.project import ENVIRONMENT
from kennel.preflight.spend.steps import Step, clean_up, steps
from kennel.runs.executions import new_name

LAST_LINES = 12

Execute = Callable[[Step], None]
"""Carries one step out. Raises KennelError when it fails."""


def run(
    config: AppConfig, execute: Execute, *, begin: Callable[[str], None], told: Callable[[str], None]
) -> Iterator[str]:
    """Rows of docs/never-run.md as they are settled. Raises KennelError for the step that fails, after cleaning up.

    `begin` hears the title of each step, `told` what went wrong while cleaning up.
    """
    name = f"smoke-{new_name()}"[:60]
    folder = Path(tempfile.mkdtemp(prefix="kennel-smoke-"))
    try:
        with _ended_by_a_signal():
            for step in steps(config, folder, name):
                begin(step.title)
                execute(step)
                yield from step.settles
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        settled = _clean_up(name, execute, begin, told)
    yield from settled


def _clean_up(name: str, execute: Execute, begin: Callable[[str], None], told: Callable[[str], None]) -> list[str]:
    stop, destroy = clean_up(name)
    begin(stop.title)
    with contextlib.suppress(KennelError):  # it never began, or has ended
        execute(stop)
    begin(destroy.title)
    try:
        execute(destroy)
    except KennelError as error:
        told(str(error))
        return []
    except KeyboardInterrupt:
        told("it was interrupted")
        raise
    return list(destroy.settles)


class Command:
    """Carries steps out as commands of their own. What they print goes to `log`."""

    def __init__(self, project: Path, log: Path) -> None:
        self.project, self.log = project, log
        log.write_text("")

    def __call__(self, step: Step) -> None:
        where = ["--env", ENVIRONMENT, "--project", str(self.project)] if step.cloud else []
        command = [sys.executable, "-m", "kennel", *step.arguments, *where]
        with self.log.open("a") as file:
            file.write(f"\n$ kennel {' '.join([*step.arguments, *where])}\n")
            file.flush()
            code = _run(command, file)
        if code:
            last = self.log.read_text().strip().splitlines()[-LAST_LINES:]
            raise KennelError(f"{step.title}: exit code {code}; log: {self.log}\n" + "\n".join(last))


def _run(command: list[str], output: IO[str]) -> int:
    """The exit code. In a session of its own: Ctrl-C is for this process, which ends the command and cleans up."""
    process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        return process.wait()
    except BaseException:
        # The whole group: the CDK CLI would go on deploying while its stacks are deleted.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


@contextmanager
def _ended_by_a_signal() -> Iterator[None]:
    """SIGTERM ends the steps as Ctrl-C does, so that they are cleaned up after."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
