"""How many cores this process may use."""

from __future__ import annotations

import os
from pathlib import Path


def num_cores() -> int:
    """The number of cores in the process's affinity, limited by the container's CPU quota; at least 1."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))
