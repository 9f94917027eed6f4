"""Writes the records of a training job (`contract.records`) so that they survive its failure."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, TypeVar

from imgcls.contract import records
from imgcls.contract.profiling import ProfileSettings
from imgcls.profiling.machine import MachineSampler
from imgcls.profiling.operators import OperatorProfiler
from imgcls.profiling.steps import CHECKPOINT, Step, summarise, thinned
from imgcls.profiling.tensorboard import EventFile

Item = TypeVar("Item")
_FIRST_BATCH = "first-batch"


class Recorder:
    """All records of one job. A context manager: the files are complete after the block, however it ends."""

    def __init__(self, folder: Path, *, started: float, sample_seconds: float = 1.0) -> None:
        """`started` is the `time.time()` at which the process began."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.started = folder, started
        self._metrics, self._debug = _Lines(folder / records.METRICS_FILE), _Lines(folder / records.DEBUG_FILE)
        self._events = EventFile(folder)
        self._phases: list[tuple[str, float]] = []
        self._steps: list[Step] = []
        self._sampler = MachineSampler(started, sample_seconds, folder)
        self._operators = OperatorProfiler(ProfileSettings(enabled=False), folder)
        self._environment: dict[str, Any] = {
            "python": platform.python_version(), "platform": platform.platform(), "num_cpus": os.cpu_count(),
        }  # fmt: skip
        self.batch_size = 0
        self.num_steps = 0
        self.findings: list[dict[str, Any]] = []

    def profile(self, settings: ProfileSettings) -> None:
        """What to measure from now on. Before this call the machine is sampled and no operators are recorded."""
        self._operators = OperatorProfiler(settings, self._folder)
        self._sampler.interval = settings.sample_ms / 1000
        if not settings.enabled:
            self._sampler.stop()

    def metrics(self, values: Mapping[str, float], *, step: int, epoch: int, when: float | None = None) -> None:
        """Write one row per value. `when` is the `time.time()` of values that an interrupted process computed."""
        when = when or time.time()
        self._events.scalars(values, step, when)
        for name, value in values.items():
            self._metrics.write(records.row(step, epoch, when, name, value))

    def debug(self, name: str, values: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Write one row per layer group of `values`."""
        for layer, value in values.items():
            self._debug.write(records.row(step, epoch, time.time(), name, value, layer))

    def finding(
        self, rule: str, value: float, severity: str, action: str, *, step: int, epoch: int, layer: str | None = None
    ) -> None:
        found = records.finding(records.row(step, epoch, time.time(), rule, value, layer), severity, action)
        self.findings.append(found)
        self._debug.write(found)

    def environment(self, **values: object) -> None:
        """Add to environment.json; values must be JSON."""
        self._environment.update(values)

    def phase(self, name: str, seconds: float) -> None:
        self._phases.append((name, seconds))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Record the block's duration as a phase, without that of the phases inside it."""
        begin, counted = time.perf_counter(), self._counted()
        try:
            yield
        finally:
            self.phase(name, time.perf_counter() - begin - (self._counted() - counted))

    def steps(self, batches: Iterable[Item]) -> Iterator[tuple[Item, float]]:
        """Each batch with the seconds spent waiting for it; the body of the loop over them is a training step."""
        iterator = iter(batches)
        try:
            while True:
                self._operators.begin()
                begin = time.perf_counter()
                try:
                    with self._operators.data_wait():
                        batch = next(iterator)
                except StopIteration:
                    return
                yield batch, time.perf_counter() - begin
                self.num_steps += 1
                self._operators.end()
        finally:
            self._operators.pause()

    def step(self, step: int, epoch: int, seconds: tuple[float, ...]) -> None:
        """A step's time by part, in the order of profiling.steps.STEP_PARTS. Steps may be left out."""
        if not self._steps:
            self.phase(_FIRST_BATCH, sum(seconds))
        self._steps.append(Step(step, epoch, seconds, self._operators.is_on))

    def __enter__(self) -> Recorder:
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._operators.pause()
        self._sampler.stop()
        outcome = "completed" if kind is None else "failed"
        self.environment(outcome=outcome, reason=None if error is None else f"{kind and kind.__name__}: {error}")
        _write_json(self._folder / records.PROFILE_FILE, self.summary())
        _write_json(self._folder / records.ENVIRONMENT_FILE, self._environment)
        self._events.close()
        self._metrics.close()
        self._debug.close()

    def summary(self) -> dict[str, Any]:
        """The contents of profile.json so far."""
        checkpoints = sum(seconds for name, seconds in self._phases if name.startswith(CHECKPOINT))
        return {
            "format": 1,
            "seconds": round(time.time() - self.started, 3),
            "phases": [{"name": name, "seconds": round(seconds, 4)} for name, seconds in self._phases],
            "batch_size": self.batch_size,
            **summarise(self._steps, self.num_steps, checkpoints),
            **self._operators.summary(),
            "system": thinned(self._sampler.samples),
        }

    def _counted(self) -> float:
        return sum(seconds for _, seconds in self._phases)


class _Lines:
    """A .jsonl file, flushed line by line, so that a crash loses no rows."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w", buffering=1)

    def write(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, allow_nan=False) + "\n")

    def close(self) -> None:
        self._file.close()


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, default=str) + "\n")
