"""Kills processes that escaped the job's process group: a container would not let them outlive it either.

torchrun's workers, for example, each start a session of their own. Every process of a job inherits the job's variables,
which Linux shows under /proc; on other systems no orphan is found.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

_MAX_ROUNDS = 10  # an orphan may fork while we look for it


def kill_orphans(variable: str, value: str) -> None:
    """SIGKILL every process in whose environment `variable` has this `value`."""
    marker = f"{variable}={value}".encode()
    for _ in range(_MAX_ROUNDS):
        orphans = [pid for pid in _process_ids() if marker in _environment(pid)]
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # the process has ended or belongs to another user
        return []
