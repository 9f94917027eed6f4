"""How long a job took before its first line ran."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

SUBMITTED = "KENNEL_JOB_SUBMITTED"
"""Environment variable: ISO 8601 time at which the job was asked for."""


def process_started() -> float:
    """`time.time()` at which this process began: before Python itself, so that imports count. Linux; else now."""
    if not sys.platform.startswith("linux"):
        return time.time()
    # The fields follow the command's name in parentheses, which may hold spaces; the 22nd is the start in ticks.
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def seconds_before(started: float, environment: Mapping[str, str]) -> float | None:
    """Seconds from asking for the job to its process: an instance, the image, the download of the channels.

    None where the environment does not say when that was, as in a shell.
    """
    submitted = environment.get(SUBMITTED)
    if not submitted:
        return None
    # The clocks of the two machines may differ by a little.
    return max(0.0, started - datetime.fromisoformat(submitted).timestamp())
