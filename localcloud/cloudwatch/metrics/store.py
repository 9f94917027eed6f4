"""Metric values, kept as CloudWatch keeps them: by minute, or by second for high resolution, with exact sums."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from localcloud.cloudwatch.metrics.requests import Datum, Dimension

STANDARD, HIGH = 60, 1
_SIGNIFICANT_DIGITS = 3


@dataclass(frozen=True)
class MetricId:
    """The identity of a metric. dimensions: (name, value) pairs in the order of their names."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Iterable[Dimension] = ()) -> MetricId:
        """From the API's list of {"Name", "Value"}."""
        return cls(namespace, name, tuple(sorted((each["Name"], each["Value"]) for each in dimensions)))


@dataclass
class Bucket:
    """The values of one interval. Percentiles come from values rounded to three digits, all else is exact."""

    count: float = 0.0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    rounded: Counter[float] = field(default_factory=Counter)
    unit: str | None = None

    def add(self, value: float, count: float) -> None:
        self.merge(Bucket(count, value * count, value, value, Counter({_rounded(value): count}), self.unit))

    def merge(self, other: Bucket) -> None:
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        self.rounded.update(other.rounded)
        self.unit = self.unit or other.unit

    def statistic(self, name: str) -> float:
        """Sum, Average, Minimum, Maximum, SampleCount or a percentile such as p99.9; ValueError for others."""
        exact = {"Sum": self.total, "SampleCount": self.count, "Minimum": self.least, "Maximum": self.most}
        if name in exact:
            return exact[name]
        if name == "Average":
            return self.total / self.count
        return self._percentile(percentile(name))

    def _percentile(self, percent: float) -> float:
        wanted = self.count * percent / 100
        seen = 0.0
        for value in sorted(self.rounded):
            seen += self.rounded[value]
            if seen >= wanted:
                return min(max(value, self.least), self.most)
        return self.most


def percentile(name: str) -> float:
    """The percent of a statistic like p99 or p99.9; ValueError names the statistics that can be computed."""
    try:
        percent = float(name.removeprefix("p")) if name.startswith("p") else math.nan
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise ValueError(
            f"localcloud does not compute the statistic {name}: use Sum, Average, Minimum, Maximum, SampleCount or p0 "
            "to p100"
        )
    return percent


def _rounded(value: float) -> float:
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


class MetricStore:
    """All metrics. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._series: dict[MetricId, dict[int, Bucket]] = {}
        self._lock = threading.Lock()

    def put(
        self,
        metric: MetricId,
        time: float,
        values: Iterable[tuple[float, float]],
        *,
        unit: str | None = None,
        resolution: int = STANDARD,
    ) -> None:
        """Add values, each with how often it occurred."""
        with self._lock:
            bucket = self._bucket(metric, time, resolution)
            bucket.unit = bucket.unit or unit
            for value, count in values:
                bucket.add(value, count)

    def put_statistics(
        self, metric: MetricId, time: float, statistics: Mapping[str, float], unit: str | None, resolution: int
    ) -> None:
        """Add a set of Sum, SampleCount, Minimum and Maximum; its percentiles are those of its average."""
        count, total = statistics["SampleCount"], statistics["Sum"]
        if count <= 0:
            return
        spread = Counter({_rounded(total / count): count})
        with self._lock:
            self._bucket(metric, time, resolution).merge(
                Bucket(count, total, statistics["Minimum"], statistics["Maximum"], spread, unit)
            )

    def _bucket(self, metric: MetricId, time: float, resolution: int) -> Bucket:
        start = int(time) // resolution * resolution
        return self._series.setdefault(metric, {}).setdefault(start, Bucket())

    def windows(self, metric: MetricId, starts: Sequence[float], period: float) -> list[Bucket | None]:
        """The values of each window [start, start + period); None for a window without data."""
        with self._lock:
            series = dict(self._series.get(metric, {}))
        return [_merged(series, start, start + period) for start in starts]

    def metrics(self) -> Iterator[tuple[MetricId, float]]:
        """Every metric with the time of its newest interval."""
        with self._lock:
            known = [(metric, float(max(series))) for metric, series in self._series.items() if series]
        yield from known

    def unit(self, metric: MetricId) -> str:
        """The unit of the newest value."""
        with self._lock:
            series = self._series.get(metric, {})
            return (series[max(series)].unit if series else None) or "None"


def _merged(series: Mapping[int, Bucket], start: float, end: float) -> Bucket | None:
    inside = [bucket for time, bucket in series.items() if start <= time < end]
    if not inside:
        return None
    merged = Bucket()
    for bucket in inside:
        merged.merge(bucket)
    return merged


def values_of(datum: Datum) -> list[tuple[float, float]]:
    """The (value, count) pairs of one MetricDatum."""
    if datum.get("Values"):
        counts = datum.get("Counts") or [1.0] * len(datum["Values"])
        return [(float(value), float(count)) for value, count in zip(datum["Values"], counts, strict=True)]
    return [(float(datum["Value"]), 1.0)] if datum.get("Value") is not None else []
