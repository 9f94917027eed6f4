"""Processes that left a job's process group: a container would not let them outlive it, so neither do we.

torchrun's workers, for one, each start a session of their own. Every process of a job inherits the job's variables, and
Linux shows them under /proc; elsewhere nothing is found.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

_MAX_ROUNDS = 10  # a stray may be forking while it is looked for


def kill_strays(variable: str, value: str) -> None:
    """SIGKILL every process in whose environment `variable` has this `value`."""
    marker = f"{variable}={value}".encode()
    for _ in range(_MAX_ROUNDS):
        strays = [pid for pid in _process_ids() if marker in _environment(pid)]
        if not strays:
            return
        for pid in strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone, or another user's
        return []
