"""Samples the machine from a thread: CPU, memory, disk, network, and the GPU where there is one."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil


class MachineSampler:
    """`samples` grows by one row an interval (`contract.records` says what is in it) from `start` until `stop`."""

    def __init__(self, started: float, interval: float, folder: Path) -> None:
        """`started` is the `time.time()` that rows count from; `folder` is on the disk that is watched."""
        self.samples: list[dict[str, float]] = []
        self.interval = interval
        self._started, self._folder = started, folder
        self._process, self._gpu = psutil.Process(), _Gpu()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="machine-sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No row is added afterwards. May be called twice."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        busy, clock = _cpu_seconds(), time.perf_counter()
        psutil.cpu_percent()  # counts from the last call: the first answers for nothing
        while not self._stop.wait(self.interval):
            new_busy, new_clock = _cpu_seconds(), time.perf_counter()
            row = {
                "seconds": round(time.time() - self._started, 3),
                "cpu_percent": round(100 * (new_busy - busy) / (new_clock - clock), 1),
                "machine_cpu_percent": psutil.cpu_percent(),
                "memory_bytes": self._process.memory_info().rss,
                "machine_memory_percent": psutil.virtual_memory().percent,
                "disk_percent": psutil.disk_usage(str(self._folder)).percent,
            }
            self.samples.append(row | self._traffic() | self._gpu.sample())
            busy, clock = new_busy, new_clock

    def _traffic(self) -> dict[str, float]:
        """Bytes since the start of the process (files) and of the machine (network)."""
        row: dict[str, float] = {}
        if sys.platform.startswith("linux"):
            # chars count the page cache too: what the loader asked for, wherever it came from.
            counters = self._process.io_counters()
            row |= {"read_bytes": counters.read_chars, "written_bytes": counters.write_chars}
        network = psutil.net_io_counters()
        if network is not None:  # no interface at all: a job under network isolation
            row |= {"received_bytes": network.bytes_recv, "sent_bytes": network.bytes_sent}
        return row


def _cpu_seconds() -> float:
    usage = os.times()
    return usage.user + usage.system


class _Gpu:
    """The process's GPU: memory by torch, the rest through NVML, whose Python binding is in the stock GPU image."""

    def __init__(self) -> None:
        self._has_nvml: bool | None = None

    def sample(self) -> dict[str, float]:
        """Empty without a GPU."""
        torch = sys.modules.get("torch")
        if torch is None or not torch.cuda.is_available():
            return {}
        row: dict[str, float] = {"gpu_memory_bytes": torch.cuda.memory_allocated()}
        if self._has_nvml is None:
            self._has_nvml = _answers(torch.cuda.utilization)
        if self._has_nvml:
            row |= {"gpu_percent": torch.cuda.utilization(), "gpu_used_bytes": torch.cuda.device_memory_used()}
        return row


def _answers(ask: Callable[[], object]) -> bool:
    """Whether NVML does; else says why not, once. Its own errors have no class without its binding."""
    try:
        ask()
    except Exception as error:
        print(f"GPU utilization is not sampled: {error}", flush=True)
        return False
    return True
