"""Samples the machine from a thread: CPU, memory, disk, network, and the GPU where there is one."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import psutil

from imgcls.profiling.nvml import Nvml, NvmlError


class MachineSampler:
    """Adds one row per interval to `samples`, from `start` until `stop`; `contract.records` describes a row."""

    def __init__(self, started: float, interval: float, folder: Path) -> None:
        """`interval` is in seconds. Rows count from `started`, a `time.time()`; `folder` is on the disk to watch."""
        self.samples: list[dict[str, float]] = []
        self.interval = interval
        self._started, self._folder = started, folder
        self._process, self._gpu = psutil.Process(), _Gpu()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="machine-sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No row is added after this. May be called twice."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        busy, clock = _cpu_seconds(), time.perf_counter()
        psutil.cpu_percent()  # measures since the previous call: the first result is meaningless
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
            # chars include the page cache: all that the loader read, wherever it came from.
            counters = self._process.io_counters()
            row |= {"read_bytes": counters.read_chars, "written_bytes": counters.write_chars}
        network = psutil.net_io_counters()
        if network is not None:  # None without any interface: a job with network isolation
            row |= {"received_bytes": network.bytes_recv, "sent_bytes": network.bytes_sent}
        return row


def _cpu_seconds() -> float:
    usage = os.times()
    return usage.user + usage.system


class _Gpu:
    """The process's GPU: memory from CUDA, utilization from the driver."""

    def __init__(self) -> None:
        # Named in each call, as the device that the training thread has chosen is not this thread's.
        self._device = int(os.environ.get("LOCAL_RANK", 0))
        self._nvml: Nvml | None = None
        self._is_asked = False

    def sample(self) -> dict[str, float]:
        """Empty without a GPU; without utilization where NVML refuses, which is said once."""
        torch = sys.modules.get("torch")
        if torch is None or not torch.cuda.is_available():
            return {}
        free, total = torch.cuda.mem_get_info(self._device)
        row: dict[str, float] = {
            "gpu_memory_bytes": torch.cuda.memory_allocated(self._device),
            "gpu_used_bytes": total - free,
        }
        try:
            if not self._is_asked:
                self._is_asked = True
                self._nvml = Nvml(f"GPU-{torch.cuda.get_device_properties(self._device).uuid}")
            if self._nvml:
                row["gpu_percent"] = self._nvml.utilization()
        except NvmlError as error:
            self._nvml = None
            print(f"GPU utilization is not sampled: {error}", flush=True)
        return row
