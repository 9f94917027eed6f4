"""Rules on the profile: whether the machine is busy, and whether its memory suffices."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, ClassVar

from imgcls.debug.history import History
from imgcls.debug.rules.base import Evidence, Moment


@dataclass(frozen=True)
class LowGPUUtilization:
    share: float
    samples: float
    name: ClassVar[str] = "low-gpu-utilization"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        return _below(_settled(history.profile, "gpu_percent"), self.share, self.samples)


@dataclass(frozen=True)
class LowCPUUtilization:
    share: float
    samples: float
    name: ClassVar[str] = "low-cpu-utilization"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        # With a GPU idle cores are normal. Other processes count as well: their cores are in use.
        if history.device != "cpu":
            return None
        return _below(_settled(history.profile, "machine_cpu_percent"), self.share, self.samples)


@dataclass(frozen=True)
class DataLoadingBound:
    share: float
    seconds: float
    name: ClassVar[str] = "data-loading-bound"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        return _part_above(history.profile, "data-wait", self.share, self.seconds)


@dataclass(frozen=True)
class SmallBatch:
    share: float
    seconds: float
    name: ClassVar[str] = "small-batch"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        return _part_above(history.profile, "optimizer", self.share, self.seconds)


@dataclass(frozen=True)
class MemoryClimbing:
    share: float
    samples: float
    steps: float
    name: ClassVar[str] = "memory-climbing"
    moment: ClassVar[Moment] = "epoch"

    def check(self, history: History) -> Evidence | None:
        """The first half of a run allocates what it needs; growth after it that does not slow down ends in a failure.

        A short run is not judged: ResNet50 on a CPU doubled its caches over 80 steps, and then stopped growing.
        """
        used = [sample["memory_bytes"] for sample in history.profile.get("system", ()) if "memory_bytes" in sample]
        if len(used) < max(8, self.samples) or history.profile["num_steps"] < self.steps:
            return None
        growth = lasting_growth(used)
        return Evidence(growth) if growth > self.share else None


def lasting_growth(used: Sequence[float]) -> float:
    """The share by which memory grows in the second half of at least 8 samples; 0 where the growth slows down."""
    half = used[len(used) // 2 :]
    size = max(1, len(half) // 4)
    levels = [mean(half[start : start + size]) for start in range(0, 4 * size, size)]
    growths = [later - earlier for earlier, later in itertools.pairwise(levels)]
    steady = min(growths) > 0 and growths[-1] > growths[0] / 2
    return levels[-1] / levels[0] - 1 if steady else 0.0


def _settled(profile: Mapping[str, Any], name: str) -> list[float]:
    """One value of the machine's samples, without the first quarter, which is the start-up."""
    values = [sample[name] for sample in profile.get("system", ()) if name in sample]
    return values[len(values) // 4 :]


def _below(percents: Sequence[float], share: float, samples: float) -> Evidence | None:
    if len(percents) < max(1, samples):
        return None
    used = mean(percents) / 100
    return Evidence(used) if used < share else None


def _part_above(profile: Mapping[str, Any], part: str, share: float, seconds: float) -> Evidence | None:
    parts = profile.get("mean_ms", {})
    total = sum(parts.values())
    # A part that takes little time is not worth advice.
    if not total or profile.get("num_steps", 0) * total / 1000 < seconds:
        return None
    taken = parts[part] / total
    return Evidence(taken) if taken > share else None
