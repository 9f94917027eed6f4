"""The effect of `devices.tune`."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys, torch
from imgcls.runtime import devices

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

torch.set_num_threads(1)
if sys.argv[1] == "tuned":
    devices.tune(torch.device("cpu"))
for _ in range(10):
    torch.ones(16_000_000)
before = faults()
for _ in range(10):
    torch.ones(16_000_000)
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_is_reused_by_the_next_step():
    def faults(mode: str) -> int:
        command = [sys.executable, "-c", FAULTS, mode]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    pages = 16_000_000 * 4 // 4096
    assert faults("plain") > 9 * pages, "glibc no longer returns the memory, and `tune` is not needed"
    assert faults("tuned") < pages
