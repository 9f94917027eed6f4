"""Processes of jobs, functions and endpoints: each in its own process group, so that none outlives the cloud."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TypeAlias

Stream: TypeAlias = IO[bytes] | IO[str] | int | None  # as subprocess takes it


class ProcessGroups:
    """Starts processes as group leaders and ends whole groups."""

    def __init__(self) -> None:
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def start(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
    ) -> subprocess.Popen[bytes]:
        """subprocess.Popen in a new session; RuntimeError once the cloud is stopping."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the local cloud is stopping: no process can be started")
            self._running = {pid: process for pid, process in self._running.items() if process.poll() is None}
            process = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
            )
            self._running[process.pid] = process
            return process

    @staticmethod
    def has_members(process: subprocess.Popen[bytes]) -> bool:
        """Whether any process of the group is left; `process` itself counts until it has been waited for."""
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    @staticmethod
    def signal(process: subprocess.Popen[bytes], number: int) -> None:
        """Send a signal to the whole group of `process`; a group that no longer exists is ignored."""
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return

    def end(self, process: subprocess.Popen[bytes], grace_seconds: float = 0.0) -> None:
        """SIGTERM, wait `grace_seconds`, then SIGKILL for what is left of the group."""
        if grace_seconds > 0 and process.poll() is None:
            self.signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_seconds)
        self.signal(process, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """End every group and refuse new ones."""
        with self._lock:
            self._closed = True
            running = list(self._running.values())
        for process in running:
            self.signal(process, signal.SIGTERM)
        for process in running:
            self.end(process, grace_seconds=2.0)
