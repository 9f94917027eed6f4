"""Used by every chart: series of points, axes with round ticks, short numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """The points of one line; a y that is None or not finite leaves a gap."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float | None]


def number(value: float) -> str:
    """Short and exact enough to read: 12,345, 0.0123, 1.2e-07."""
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if size >= 1e-4 else f"{value:.1e}"


class Axis:
    """From values to pixels, with round tick values."""

    def __init__(self, low: float, high: float, start: float, end: float, pad: bool = False) -> None:
        if high <= low:
            low, high = (low - 0.5, high + 0.5) if low else (0.0, 1.0)
        if pad:
            margin = 0.05 * (high - low)
            low, high = low - margin, high + margin
        self._low, self._high, self._start, self._end = low, high, start, end

    def place(self, value: float) -> float:
        share = (min(max(value, self._low), self._high) - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)

    def ticks(self, num: int = 5) -> list[float]:
        rough = (self._high - self._low) / num
        power = 10 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        first = math.ceil(self._low / step - 1e-9)
        return [index * step for index in range(first, math.floor(self._high / step + 1e-9) + 1)]

    def logarithmic_ticks(self) -> list[float]:
        """Logarithms of round values; the wider the axis, the fewer of them between two powers of ten."""
        powers = range(math.floor(self._low), math.ceil(self._high) + 1)
        span = self._high - self._low
        factors = range(1, 10) if span <= 0.7 else (1, 2, 5) if span <= 2.5 else (1,)
        places = [power + math.log10(factor) for power in powers for factor in factors]
        return [place for place in places if self._low <= place <= self._high]


def clean(series: Series, logarithmic: bool = False) -> list[tuple[float, float]]:
    """The points that can be drawn."""
    pairs = zip(series.xs, series.ys, strict=True)
    finite = [(float(x), float(y)) for x, y in pairs if y is not None and math.isfinite(y)]
    return [(x, math.log10(y)) for x, y in finite if y > 0] if logarithmic else finite
