"""Processes of jobs, functions, builds and endpoints: each in a process group, all of which end with the cloud."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TypeAlias

from localcloud.isolation import keeper
from localcloud.isolation.leftovers import PROCESS, STATE, end_marked
from localcloud.isolation.support import Support
from localcloud.isolation.view import View

# Without the package's __init__, which imports boto3 and more: the keeper is small, because it forks for every program.
_KEEPER = """
import sys, types
sys.modules["localcloud"] = package = types.ModuleType("localcloud")
package.__path__ = [sys.argv[1]]
from localcloud.isolation import keeper
sys.exit(keeper.main(sys.argv[2:]))
"""

Stream: TypeAlias = IO[bytes] | IO[str] | int | None  # as subprocess takes it


class Process:
    """A started program with the interface of subprocess.Popen. pid: of its supervisor, which leads its group."""

    def __init__(self, argv: Sequence[str], report: int, mark: str) -> None:
        self.args = list(argv)
        self.mark = mark
        self.returncode: int | None = None
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = None
        self._report = report
        self._unread = b""
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, report)
        self.pid = self._started()

    def _started(self) -> int:
        kind, _, rest = self._line().partition(" ")
        if kind == "started":
            return int(rest)
        if kind == "error":
            number, _, text = rest.partition(" ")
            raise OSError(int(number), text, self.args[0])
        raise RuntimeError("the local cloud's keeper of processes has ended: no process can be started")

    def _line(self) -> str:
        """The next line of the report; empty when there is none."""
        while b"\n" not in self._unread and (read := os.read(self._report, 4096)):
            self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with self._lock:
            if self.returncode is None and (self._unread or self._readable(0)):
                kind, _, rest = self._line().partition(" ")
                self.returncode = int(rest) if kind == "exit" else -signal.SIGKILL  # its supervisor was killed with it
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; subprocess.TimeoutExpired after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self._readable(left)
        return code

    def _readable(self, seconds: float | None) -> bool:
        poller = select.poll()
        poller.register(self._report, select.POLLIN)
        return bool(poller.poll(None if seconds is None else max(0, seconds * 1000)))


class ProcessGroups:
    """Starts programs as group leaders and ends whole groups. root: the state directory, with which all are marked."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._running: dict[int, Process] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._keeper: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self._numbers = itertools.count(1)
        self.support = Support()

    def probe(self) -> None:
        """Find out whether this machine lets processes have a view, and a network, of their own."""
        self.support = Support(view=True, network=True)
        self.support = Support.found_by(self.start)

    def start(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        passed: Sequence[int] = (),
        view: View | None = None,
        network: bool = True,
    ) -> Process:
        """Start a program as subprocess.Popen would; OSError if it cannot, RuntimeError once the cloud is stopping.

        passed: descriptors that it gets as 3, 4, ...
        view: what it sees of this machine; all of it for None, and where `support` says so.
        network: False leaves it its own loopback, unless `support` says otherwise.
        """
        mark = str(next(self._numbers))
        order: keeper.Order = {
            "argv": [os.fspath(part) for part in argv],
            "cwd": None if cwd is None else os.fspath(cwd),
            "env": {**(os.environ if env is None else env), STATE: str(self._root), PROCESS: mark},
            "view": view.document(self._root) if view is not None and self.support.view else None,
            "network": network or not self.support.network,
        }
        with contextlib.ExitStack() as sent:
            report, streams, ours = _streams(sent, stdin, stdout, stderr)
            try:
                self._send(order, [*streams, *passed])
                process = Process(argv, report, mark)
            except BaseException:
                for file in ours:
                    if file is not None:
                        file.close()
                raise
        process.stdin, process.stdout = ours
        with self._lock:
            self._running = {pid: each for pid, each in self._running.items() if each.poll() is None}
            self._running[process.pid] = process
            closed = self._closed
        if closed:  # while it started
            self.end(process)
            raise RuntimeError("the local cloud is stopping: no process can be started")
        return process

    def _send(self, order: keeper.Order, descriptors: list[int]) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the local cloud is stopping: no process can be started")
            if self._keeper is None:
                ours, theirs = socket.socketpair()
                package = str(Path(__file__).parent)
                command = [sys.executable, "-I", "-S", "-c", _KEEPER, package, str(theirs.fileno())]
                started = subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True, env={})
                theirs.close()
                self._keeper = started, ours
            keeper.send(self._keeper[1], order, descriptors)

    @staticmethod
    def has_members(process: Process) -> bool:
        """Whether any process of the group is left."""
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    @staticmethod
    def signal(process: Process, number: int) -> None:
        """Send a signal to the whole group of `process`; a group that no longer exists is ignored."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    def end(self, process: Process, grace_seconds: float = 0.0) -> None:
        """SIGTERM, wait `grace_seconds`, then SIGKILL for what is left of the group and for what escaped from it."""
        if grace_seconds > 0 and process.poll() is None:
            self.signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_seconds)
        self.signal(process, signal.SIGKILL)
        process.wait()
        if not self.support.view:  # otherwise the kernel ends them with their init
            end_marked(PROCESS, process.mark)

    def close(self) -> None:
        """End every group and refuse new ones."""
        with self._lock:
            self._closed = True
            running = list(self._running.values())
        for process in running:
            self.signal(process, signal.SIGTERM)
            self.signal(process, signal.SIGCONT)
        for process in running:
            self.end(process, grace_seconds=2.0)
        if self._keeper is not None:
            started, connection = self._keeper
            connection.close()
            started.wait()


def _streams(
    sent: contextlib.ExitStack, stdin: Stream, stdout: Stream, stderr: Stream
) -> tuple[int, list[int], tuple[IO[bytes] | None, IO[bytes] | None]]:
    """Our end of the report; the keeper's descriptors, which `sent` closes where they are new; our ends of pipes."""

    def new(descriptor: int) -> int:
        sent.callback(os.close, descriptor)
        return descriptor

    report, theirs = os.pipe()
    descriptors = [new(theirs)]
    ours: list[IO[bytes] | None] = []
    for number, stream in enumerate((stdin, stdout)):
        if stream == subprocess.PIPE:
            pipe = os.pipe()
            descriptors.append(new(pipe[number]))
            ours.append(os.fdopen(pipe[1 - number], ("wb", "rb")[number]))
        else:
            descriptors.append(_descriptor(stream, number, new))
            ours.append(None)
    descriptors.append(descriptors[2] if stderr == subprocess.STDOUT else _descriptor(stderr, 2, new))
    return report, descriptors, (ours[0], ours[1])


def _descriptor(stream: Stream, number: int, new: Callable[[int], int]) -> int:
    if stream is None:
        return number
    if stream == subprocess.DEVNULL:
        return new(os.open(os.devnull, os.O_RDWR))
    return stream if isinstance(stream, int) else stream.fileno()
