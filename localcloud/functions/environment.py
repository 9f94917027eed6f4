"""A function's execution environment: a process that answers one event after another, as Lambda's do."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.functions.runtime import MAX_ANSWER_BYTES
from localcloud.isolation.view import View
from localcloud.processes import ProcessGroups

MAX_LOG_BYTES = 6 * 1024**2
_EVENT_BYTES = 26
"""What CloudWatch Logs counts for an event beside its message: without it, short lines take 200 times their size."""
"""What is kept of the output of one invocation. Lambda has no limit; this machine's memory has."""
_CHUNK = 65_536
_LOOK_SECONDS = 0.1  # how often to look whether the process has ended although a child keeps its streams open


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended. answer: the runtime's line; None if there was none, as the process ended or had no time.

    timed_out: whether it had no time. returncode: of a process that has ended; None while it runs.
    """

    answer: bytes | None
    timed_out: bool
    returncode: int | None
    output: str


class ExecutionEnvironment:
    """One started process and its folder. It stands still between invocations.

    usable: whether another event may follow; not after an import that failed, a process that ended, or a timeout.
    """

    def __init__(
        self,
        processes: ProcessGroups,
        folder: tempfile.TemporaryDirectory[str],
        argv: Sequence[str],
        *,
        cwd: Path | str,
        env: Mapping[str, str],
        view: View,
        log_target: tuple[str, str],
    ) -> None:
        self.log_target = log_target
        self.usable = True
        self._processes = processes
        self._folder = folder
        self._ready = False
        self._answer = b""
        answers, theirs = os.pipe()
        try:
            self._process = processes.start(
                argv,
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                passed=[theirs],
                view=view,
            )
        except BaseException:
            os.close(answers)
            folder.cleanup()
            raise
        finally:
            os.close(theirs)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._answers = os.fdopen(answers, "rb", buffering=0)
        self._requests, self._output = self._process.stdin, self._process.stdout
        for stream in (self._requests, self._output, self._answers):
            os.set_blocking(stream.fileno(), False)

    def invoke(self, request: bytes, seconds: float, init_seconds: float) -> Outcome:
        """Send a request, a line, and wait for its answer for `seconds` from when the handler is imported."""
        self._processes.signal(self._process, signal.SIGCONT)
        log = _Log()
        answer, timed_out = self._exchange(request, seconds, init_seconds, log)
        if answer is None:
            self.usable = False
            if not timed_out:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(1.0)
        returncode = self._process.poll()
        if returncode is None:
            self._processes.signal(self._process, signal.SIGSTOP if self.usable else signal.SIGKILL)
        else:
            self.usable = False
        log.drain(self._output.fileno())
        return Outcome(answer, timed_out, returncode, log.text())

    def _exchange(self, request: bytes, seconds: float, init_seconds: float, log: _Log) -> tuple[bytes | None, bool]:
        """The answer, None if there is none; and whether that is for want of time."""
        deadline = time.monotonic() + seconds + (0 if self._ready else init_seconds)
        unsent = memoryview(request)
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            selector.register(self._answers, selectors.EVENT_READ)
            if self._ready:
                selector.register(self._requests, selectors.EVENT_WRITE)
            while (left := deadline - time.monotonic()) > 0:
                events = selector.select(min(left, _LOOK_SECONDS))
                for stream in [key.fileobj for key, _ in events]:
                    if stream is self._output:
                        if not log.read(self._output.fileno()):
                            selector.unregister(self._output)
                    elif stream is self._requests:
                        unsent = unsent[_write(self._requests.fileno(), unsent) :]
                        if not unsent:
                            selector.unregister(self._requests)
                    elif not self._read_answer():
                        return None, False
                line, found, rest = self._answer.partition(b"\n")
                if found and self._ready:
                    self._answer = rest
                    return line, False
                if line in (b"ready", b"broken") and found:
                    self.usable = line == b"ready"  # Lambda imports again after an error
                    self._answer, self._ready = rest, True
                    deadline = time.monotonic() + seconds
                    selector.register(self._requests, selectors.EVENT_WRITE)
                elif found or (not events and self._process.poll() is not None):
                    return None, False
        return None, True

    def _read_answer(self) -> bool:
        """Read what there is of an answer; False if there is no more, or it is longer than any answer."""
        chunk = _read(self._answers.fileno())
        self._answer += chunk or b""
        return chunk != b"" and len(self._answer) <= MAX_ANSWER_BYTES + _CHUNK

    def end(self) -> None:
        """End the process with all its children, and delete its folder."""
        self._processes.end(self._process)
        for stream in (self._requests, self._output, self._answers):
            with contextlib.suppress(OSError):
                stream.close()
        self._folder.cleanup()


class _Log:
    """The output of one invocation, up to a limit."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._events = self._dropped = 0

    def read(self, descriptor: int) -> bool:
        """Take what there is; False at the end of the stream."""
        chunk = _read(descriptor)
        room = max(0, MAX_LOG_BYTES - len(self._kept) - self._events)
        kept = (chunk or b"")[:room]
        self._kept += kept
        self._events += _EVENT_BYTES * kept.count(b"\n")
        self._dropped += len(chunk or b"") - len(kept)
        return chunk != b""

    def drain(self, descriptor: int) -> None:
        """Take what the process had printed, which is at most a pipe full unless it goes on printing."""
        for _ in range(4):
            if not self.read(descriptor):
                break

    def text(self) -> str:
        text = self._kept.decode(errors="replace")
        if self._dropped:
            text += f"\nThe local cloud keeps {MAX_LOG_BYTES} bytes of output and left out {self._dropped} more.\n"
        return text


def _read(descriptor: int) -> bytes | None:
    """Bytes; none at the end; None if there are none yet."""
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return None


def _write(descriptor: int, data: memoryview) -> int:
    """How many bytes were taken; all of them if nobody reads them any more, which the answer's end will tell."""
    try:
        return os.write(descriptor, data[:_CHUNK])
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return len(data)
