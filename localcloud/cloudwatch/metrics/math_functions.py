"""What the operators and functions of metric math compute."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Series = dict[float, float]  # start of the period -> value; a missing period has no entry
Value = Series | float | list[Series]


class ExpressionError(ValueError):
    """An expression that is not valid, or that uses what this cloud does not compute."""


@dataclass(frozen=True)
class Grid:
    """The periods of a query. `metrics`: the series of its MetricStat entries by id, for METRICS()."""

    starts: Sequence[float]
    period: float
    metrics: Mapping[str, Series]


def as_series(value: Value, grid: Grid) -> Series:
    """`value` as a series; a number becomes a series with that value in every period."""
    if isinstance(value, dict):
        return value
    if isinstance(value, float):
        return dict.fromkeys(grid.starts, value)
    raise ExpressionError("an array of series is not allowed there")


def combine(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """An operator over numbers and series; of two series only the periods that both have."""
    if isinstance(left, list) or isinstance(right, list):
        raise ExpressionError("arithmetic takes single series, not arrays of them")
    if isinstance(left, float) and isinstance(right, float):
        return float(function(left, right))
    times = [set(each) for each in (left, right) if isinstance(each, dict)]
    shared = functools.reduce(set.intersection, times)

    def at(value: Series | float, time: float) -> float:
        return value[time] if isinstance(value, dict) else value

    result = {time: float(function(at(left, time), at(right, time))) for time in sorted(shared)}
    return {time: value for time, value in result.items() if not math.isnan(value)}


def _reduce(combine: Callable[[list[float]], float]) -> Callable[..., Value]:
    """Reduces one series to a number, and an array to one series over all times that any of its series has."""

    def function(grid: Grid, value: Value) -> Value:
        if isinstance(value, list):
            times = sorted({time for series in value for time in series})
            return {time: combine([series[time] for series in value if time in series]) for time in times}
        if isinstance(value, dict):
            return combine(list(value.values())) if value else {}
        return value

    return function


def _each(change: Callable[[float], float]) -> Callable[..., Value]:
    def function(grid: Grid, value: Value) -> Value:
        return {time: float(change(each)) for time, each in as_series(value, grid).items()}

    return function


def _fill(grid: Grid, value: Value, filler: Value | str) -> Value:
    if isinstance(value, list):
        return [_filled(grid, series, filler) for series in value]
    return _filled(grid, as_series(value, grid), filler)


def _filled(grid: Grid, series: Series, filler: Value | str) -> Series:
    filled: Series = {}
    last: float | None = None
    for time in sorted(grid.starts):
        last = series.get(time, last)
        if time in series:
            filled[time] = series[time]
        elif filler == "REPEAT":
            if last is not None:
                filled[time] = last
        elif isinstance(filler, dict):
            if time in filler:
                filled[time] = filler[time]
        elif isinstance(filler, float):
            filled[time] = filler
        else:
            raise ExpressionError("FILL takes a number, a series or REPEAT")
    return filled


def _if(grid: Grid, condition: Value, yes: Value, no: Value | None = None) -> Value:
    if isinstance(condition, float):
        chosen = yes if condition else no
        return {} if chosen is None else chosen
    result: Series = {}
    for time, value in as_series(condition, grid).items():
        chosen = yes if value else no
        if chosen is not None and time in as_series(chosen, grid):
            result[time] = as_series(chosen, grid)[time]
    return result


def _difference(grid: Grid, value: Value, per: float = 1.0) -> Value:
    times = sorted(as_series(value, grid))
    series = as_series(value, grid)
    return {now: (series[now] - series[before]) / per for before, now in itertools.pairwise(times)}


def _rate(grid: Grid, value: Value) -> Value:
    return _difference(grid, value, grid.period)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "ABS": _each(abs),
    "AVG": _reduce(lambda values: sum(values) / len(values)),
    "CEIL": _each(math.ceil),
    "DIFF": _difference,
    "FILL": _fill,
    "FLOOR": _each(math.floor),
    "IF": _if,
    "MAX": _reduce(max),
    "METRICS": lambda grid: list(grid.metrics.values()),
    "MIN": _reduce(min),
    "PERIOD": lambda grid, value: float(grid.period),
    "RATE": _rate,
    "SUM": _reduce(math.fsum),
}
