"""How much of the machine one serving process uses, in the percentages that SageMaker reports."""

from __future__ import annotations

import time
from pathlib import Path

import psutil


class Utilization:
    """A process and its children. CPU: 100 per core; memory and disk: percent of the whole machine."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._last = (0.0, time.monotonic())

    def sample(self, pid: int) -> dict[str, float]:
        """The utilization since the last call; empty if the process has ended."""
        try:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            memory = sum(each.memory_info().rss for each in family)
            seconds = sum(each.cpu_times().user + each.cpu_times().system for each in family)
        except psutil.NoSuchProcess:
            return {}
        before, then = self._last
        self._last = (seconds, now := time.monotonic())
        return {
            "CPUUtilization": max(0.0, 100 * (seconds - before) / max(now - then, 0.001)),
            "MemoryUtilization": 100 * memory / psutil.virtual_memory().total,
            "DiskUtilization": psutil.disk_usage(str(self._home)).percent,
        }
