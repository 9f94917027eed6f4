"""Stands in for one container: a process group whose output is read line by line and which ends on request."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from localcloud.context import Cloud
from localcloud.isolation.view import View
from localcloud.processes import Process
from localcloud.sagemaker.jobs.opt_ml import OptMl

_POLL_SECONDS = 0.02
_TAIL_LINES = 60

Ending = Literal["exited", "stopped", "max_runtime", "max_wait", "interrupted", "peer_failed", "closed"]


@dataclass(frozen=True)
class Exit:
    """How a container ended.

    code: as a shell reports it; 128 + N for signal N.
    tail: its last lines of output.
    moment: on the monotonic clock, when it printed its first traceback, else when it ended.
    """

    code: int
    ending: Ending
    tail: tuple[str, ...]
    moment: float

    @property
    def failed(self) -> bool:
        """Whether it ended by itself with an error."""
        return self.ending == "exited" and self.code != 0


@dataclass(frozen=True)
class Termination:
    """Why a container must end before it exits by itself, and the seconds between SIGTERM and SIGKILL."""

    ending: Ending
    grace_seconds: float = 0.0


class TerminationSignal:
    """Tells the containers of a job to end. The first reason stays, unless the cloud is closing."""

    def __init__(self) -> None:
        self._reason: Termination | None = None
        self._lock = threading.Lock()

    def give(self, reason: Termination) -> None:
        with self._lock:
            if self._reason is None or reason.ending == "closed":
                self._reason = reason

    @property
    def reason(self) -> Termination | None:
        return self._reason


def job_environment(
    cloud: Cloud,
    opt_ml: OptMl,
    request_environment: Mapping[str, str],
    extra: Mapping[str, str],
    *,
    isolated: bool,
    role: str | None = None,
) -> dict[str, str]:
    """The variables of a job's process. An isolated job gets neither credentials nor an endpoint.

    role: whose credentials the job gets; None for credentials without a role.
    Order of precedence, lowest first: the few variables that every process inherits, `extra`, the request's
    Environment, the variables that lead to this cloud.
    """
    packages = str(opt_ml.work / "site-packages")
    variables = {
        "HOME": str(opt_ml.work),
        "TMPDIR": str(opt_ml.temporary),
        "LANG": "C.UTF-8",
        # A job's requirements.txt is installed for that job only, not into the interpreter that all share.
        "PIP_TARGET": packages,
        "PYTHONPATH": packages,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUDA_VISIBLE_DEVICES": "",  # a job sees no GPU, whatever this machine has
        **extra,
        **opt_ml.local_variables(request_environment),
        "SAGEMAKER_BASE_DIR": str(opt_ml.base),
    }
    environment = cloud.subprocess_environment()
    environment["PATH"] = f"{opt_ml.programs}:{environment['PATH']}"
    if isolated:
        for name in cloud.environment():
            environment.pop(name, None)
        variables |= {"AWS_REGION": cloud.region, "AWS_EC2_METADATA_DISABLED": "true"}
        return {**environment, **variables}
    return {**environment, **variables, **cloud.environment(role)}


class Container:
    """Runs `argv` in a job's tree and passes each line of its output to `on_line`."""

    def __init__(
        self,
        cloud: Cloud,
        argv: Sequence[str],
        opt_ml: OptMl,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        *,
        view: View,
        network: bool,
    ) -> None:
        self._cloud = cloud
        self._argv = _resolve(argv, environment["PATH"])
        self._cwd = opt_ml.work
        self._view = view
        self._network = network
        self._environment = dict(environment)
        self._on_line = on_line
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._first_traceback: float | None = None

    def run(self, end: TerminationSignal) -> Exit:
        """Run until the process exits, or until `end` is given and its grace period is over."""
        try:
            process = self._cloud.processes.start(
                self._argv,
                cwd=self._cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                view=self._view,
                network=self._network,
            )
        except OSError as error:  # missing or not executable: docker reports code 127
            self._read(f"{self._argv[0]}: {error.strerror}")
            return self._exit(127, "exited")
        reader = threading.Thread(target=self._pump, args=(process,), name="job-output", daemon=True)
        reader.start()
        while process.poll() is None and end.reason is None:
            time.sleep(_POLL_SECONDS)
        ending: Ending = "exited"
        if process.poll() is None and end.reason is not None:
            ending = self._ask_to_end(process, reader, end)
        self._cloud.processes.end(process)  # its children die with it, as in a container
        reader.join()
        code = process.wait()
        return self._exit(code if code >= 0 else 128 - code, ending)

    def _exit(self, code: int, ending: Ending) -> Exit:
        return Exit(code, ending, tuple(self._tail), self._first_traceback or time.monotonic())

    def _ask_to_end(self, process: Process, reader: threading.Thread, end: TerminationSignal) -> Ending:
        """SIGTERM, then wait until the whole group has ended and its output has been read."""
        assert end.reason is not None
        if end.reason.grace_seconds > 0:
            self._cloud.processes.signal(process, signal.SIGTERM)
        started = time.monotonic()
        while time.monotonic() < started + end.reason.grace_seconds:
            reader.join(_POLL_SECONDS)
            process.poll()
            if not reader.is_alive() and not self._cloud.processes.has_members(process):
                break
            time.sleep(_POLL_SECONDS)
        return end.reason.ending

    def _pump(self, process: Process) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self._read(line.decode(errors="replace").rstrip("\r\n"))

    def _read(self, line: str) -> None:
        if self._first_traceback is None and "Traceback (most recent call last)" in line:
            self._first_traceback = time.monotonic()
        self._tail.append(line)
        self._on_line(line)


def _resolve(argv: Sequence[str], path: str) -> list[str]:
    """`argv` with its program looked up on the container's PATH instead of this process's."""
    return [shutil.which(argv[0], path=path) or argv[0], *argv[1:]]
