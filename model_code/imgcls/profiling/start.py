"""How long a job took to start."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

SUBMITTED = "KENNEL_JOB_SUBMITTED"
"""Environment variable: the time at which the job was requested, ISO 8601."""


def process_started() -> float:
    """The `time.time()` at which this process began, before Python's own start-up; on other systems than Linux: now."""
    if not sys.platform.startswith("linux"):
        return time.time()
    # The fields follow the command's name in parentheses, which may contain spaces; the 22nd is the start in ticks.
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def seconds_before(started: float, environment: Mapping[str, str]) -> float | None:
    """Seconds from the job's request to its process: getting an instance, the image and the channels.

    None where the environment does not have the time of the request, as in a shell.
    """
    submitted = environment.get(SUBMITTED)
    if not submitted:
        return None
    # The clocks of the two machines may differ slightly.
    return max(0.0, started - datetime.fromisoformat(submitted).timestamp())
