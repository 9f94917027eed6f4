"""Writes the records of a training job (`contract.records`) so that they survive its failure."""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, TypeVar

import numpy as np

from imgcls.contract import records

STEP_PARTS = ("data-wait", "forward", "backward", "optimizer")
Item = TypeVar("Item")
_MAX_ROWS = 1000
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def process_started() -> float:
    """`time.time()` at which this process began: before Python itself, so that imports count. Linux; else now."""
    if not sys.platform.startswith("linux"):
        return time.time()
    # The fields follow the command's name in parentheses, which may hold spaces; the 22nd is the start in ticks.
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def timed_items(items: Iterable[Item]) -> Iterator[tuple[Item, float]]:
    """Each item with the seconds that were spent waiting for it."""
    iterator = iter(items)
    while True:
        begin = time.perf_counter()
        try:
            item = next(iterator)
        except StopIteration:
            return
        yield item, time.perf_counter() - begin


class Recorder:
    """All records of one job. A context manager: whatever ends the block, the files are complete afterwards."""

    def __init__(self, folder: Path, *, started: float, sample_seconds: float = 1.0) -> None:
        """`started` is the `time.time()` at which the process began."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.started = folder, started
        self._metrics, self._debug = _Lines(folder / records.METRICS_FILE), _Lines(folder / records.DEBUG_FILE)
        self._phases: list[tuple[str, float]] = []
        self._steps: list[tuple[int, int, tuple[float, ...]]] = []
        self._sampler = _SystemSampler(started, sample_seconds)
        self._environment: dict[str, Any] = {
            "python": platform.python_version(), "platform": platform.platform(), "num_cpus": os.cpu_count(),
        }  # fmt: skip
        self.batch_size = 0
        self.num_steps = 0
        self.findings: list[dict[str, Any]] = []

    def metrics(self, values: Mapping[str, float], *, step: int, epoch: int) -> None:
        for name, value in values.items():
            self._metrics.write(records.row(step, epoch, time.time(), name, value))

    def debug(self, name: str, values: Mapping[str, float], *, step: int, epoch: int) -> None:
        """`values` is by layer group."""
        for layer, value in values.items():
            self._debug.write(records.row(step, epoch, time.time(), name, value, layer))

    def finding(self, rule: str, value: float, severity: str, action: str, *, step: int, epoch: int) -> None:
        found = records.finding(records.row(step, epoch, time.time(), rule, value), severity, action)
        self.findings.append(found)
        self._debug.write(found)

    def environment(self, **values: Any) -> None:
        """Add to environment.json; values must be JSON."""
        self._environment.update(values)

    def phase(self, name: str, seconds: float) -> None:
        self._phases.append((name, seconds))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Record the block's duration as a phase, without the phases inside it."""
        begin, counted = time.perf_counter(), sum(seconds for _, seconds in self._phases)
        try:
            yield
        finally:
            inner = sum(seconds for _, seconds in self._phases) - counted
            self.phase(name, time.perf_counter() - begin - inner)

    def step(self, step: int, epoch: int, seconds: tuple[float, ...]) -> None:
        """A step's time by part; `seconds` follows STEP_PARTS. Steps may be left out, `num_steps` counts them all."""
        if not self._steps:
            self.phase("first-batch", sum(seconds))
        self._steps.append((step, epoch, seconds))

    def __enter__(self) -> Recorder:
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._sampler.stop()
        outcome = "completed" if kind is None else "failed"
        self.environment(outcome=outcome, reason=None if error is None else f"{kind and kind.__name__}: {error}")
        _write_json(self._folder / records.PROFILE_FILE, self._profile())
        _write_json(self._folder / records.ENVIRONMENT_FILE, self._environment)
        self._metrics.close()
        self._debug.close()

    def _profile(self) -> dict[str, Any]:
        parts = 1000 * np.array([seconds for _, _, seconds in self._steps]).reshape(-1, len(STEP_PARTS))
        # The first step pays for allocations and autotuning; it is a phase of its own and would bend the mean.
        steady = parts[1:] if len(parts) > 1 else parts
        summaries = {"mean_ms": steady.mean(0), "p95_ms": np.percentile(steady, 95, axis=0)} if len(parts) else {}
        return {
            "format": 1,
            "seconds": round(time.time() - self.started, 3),
            "phases": [{"name": name, "seconds": round(seconds, 4)} for name, seconds in self._phases],
            "num_steps": self.num_steps,
            "batch_size": self.batch_size,
            "step_parts": STEP_PARTS,
            **{name: dict(zip(STEP_PARTS, np.round(row, 3).tolist(), strict=True)) for name, row in summaries.items()},
            "steps": [
                {"step": step, "epoch": epoch, "ms": np.round(parts[i], 3).tolist()}
                for i, (step, epoch, _) in _thinned(list(enumerate(self._steps)))
            ],
            "system": _thinned(self._sampler.samples),
        }


class _Lines:
    """A .jsonl file, flushed line by line: the rows before a crash are there after it."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w", buffering=1)

    def write(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, allow_nan=False) + "\n")

    def close(self) -> None:
        self._file.close()


class _SystemSampler:
    """CPU, memory and bytes read of this process, from a thread that wakes once an interval."""

    def __init__(self, started: float, interval: float) -> None:
        self.samples: list[dict[str, float]] = []
        self._started, self._interval = started, interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="system-sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        busy, clock = _cpu_seconds(), time.perf_counter()
        while not self._stop.wait(self._interval):
            new_busy, new_clock = _cpu_seconds(), time.perf_counter()
            self.samples.append(
                {
                    "seconds": round(time.time() - self._started, 3),
                    "cpu_percent": round(100 * (new_busy - busy) / (new_clock - clock), 1),
                    **_memory_and_reads(),
                }
            )
            busy, clock = new_busy, new_clock


def _cpu_seconds() -> float:
    usage = os.times()
    return usage.user + usage.system


def _memory_and_reads() -> dict[str, float]:
    if not sys.platform.startswith("linux"):
        return {}
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    # rchar counts reads from the page cache too: what the loader asked for, wherever it came from.
    read = int(Path("/proc/self/io").read_text().split("\n", 1)[0].split()[1])
    sample: dict[str, float] = {"memory_bytes": resident, "read_bytes": read}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        sample["gpu_memory_bytes"] = torch.cuda.memory_allocated()
    return sample


def _thinned(rows: list[Any]) -> list[Any]:
    return rows[:: max(1, -(-len(rows) // _MAX_ROWS))]


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, default=str) + "\n")
