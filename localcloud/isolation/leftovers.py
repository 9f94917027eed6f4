"""Ends processes that carry a mark in their environment: what a cloud that was killed, or a program, left behind.

usage: python leftovers.py STATE_DIRECTORY      (end what is left of the cloud that had it)
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

STATE = "LOCALCLOUD_STATE"
"""The state directory of the cloud that started a process."""
PROCESS = "LOCALCLOUD_PROCESS"
"""Which of its cloud's programs a process belongs to."""
_MAX_ROUNDS = 10  # a process may fork while we look for it


def end_marked(name: str, value: str) -> int:
    """Kill every process of this user in whose environment `name` has this `value`; how many there were."""
    ended: set[int] = set()
    for _ in range(_MAX_ROUNDS):
        found = list(_marked(name, value))
        if not found:
            break
        for process in found:
            ended.add(process.pid)
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.kill()
        psutil.wait_procs(found, timeout=1)
    return len(ended)


def _marked(name: str, value: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            marked = process.pid != os.getpid() and process.environ().get(name) == value
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def main(argv: list[str]) -> int:
    end_marked(STATE, str(Path(argv[0]).resolve()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
