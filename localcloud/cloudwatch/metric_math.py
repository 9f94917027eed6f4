"""Metric math: the expressions that alarms and GetMetricData use, over series on one grid of periods."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Series = dict[float, float]  # start of the period -> value; a missing period has no entry
Value = Series | float | list[Series]

_TOKEN = re.compile(
    r"\s*(?:\d+\.?\d*(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|'[^']*'|\"[^\"]*\"|>=|<=|==|!=|&&|\|\||[-+*/^<>(),\[\]])"
)
_COMPARISONS: dict[str, Callable[[float, float], Any]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_LEVELS: tuple[dict[str, Callable[[float, float], Any]], ...] = (
    {"||": lambda a, b: bool(a) or bool(b), "OR": lambda a, b: bool(a) or bool(b)},
    {"&&": lambda a, b: bool(a) and bool(b), "AND": lambda a, b: bool(a) and bool(b)},
    _COMPARISONS,
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": lambda a, b: a / b if b else math.nan},
    {"^": operator.pow},
)


class ExpressionError(ValueError):
    """An expression that is none, or that uses what this cloud does not compute."""


@dataclass(frozen=True)
class Grid:
    """The periods of a query. `metrics`: the series of its MetricStat entries by id, for METRICS()."""

    starts: Sequence[float]
    period: float
    metrics: Mapping[str, Series]


def evaluate(expression: str, known: Mapping[str, Value], grid: Grid) -> Value:
    """The value of an expression; ExpressionError when it is wrong or not computed here.

    known: what identifiers stand for.
    """
    return _Parser(expression, known, grid).whole()


def check(expression: str, names: Sequence[str]) -> None:
    """ExpressionError unless the expression can be evaluated with these identifiers."""
    empty: dict[str, Value] = {name: {} for name in names}
    evaluate(expression, empty, Grid((0.0,), 60.0, {}))


class _Parser:
    """Evaluates while it reads: expressions are short and evaluated once a period."""

    def __init__(self, text: str, known: Mapping[str, Value], grid: Grid) -> None:
        self.text = text
        self.known = known
        self.grid = grid
        self.tokens = self._tokens()
        self.at = 0

    def _tokens(self) -> list[str]:
        found, at, end = [], 0, len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise ExpressionError(f"{self.text!r} is not metric math near {self.text[at : at + 12]!r}")
            found.append(match[0].strip())
            at = match.end()
        return found

    def whole(self) -> Value:
        value = self.binary(0)
        if self.at < len(self.tokens):
            raise ExpressionError(f"{self.text!r}: {self.tokens[self.at]!r} is not expected there")
        return value

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise ExpressionError(f"{self.text!r}: expected {expected or 'a value'}, found {token or 'the end'}")
        self.at += 1
        return token

    def binary(self, level: int) -> Value:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in _LEVELS[level]:
            function = _LEVELS[level][self.take()]
            left = _apply(function, left, self.binary(level + 1))
        return left

    def unary(self) -> Value:
        if self.peek() == "-":
            self.take()
            return _apply(operator.mul, -1.0, self.unary())
        return self.primary()

    def primary(self) -> Value:
        token = self.take()
        if token == "(":  # noqa: S105 a parenthesis
            value = self.binary(0)
            self.take(")")
            return value
        if token == "[":  # noqa: S105 a bracket
            return self.array()
        if token[0].isdigit():
            return float(token)
        if self.peek() == "(":
            return self.call(token)
        if token not in self.known:
            raise ExpressionError(f"{self.text!r}: there is no metric with the id {token}")
        return self.known[token]

    def array(self) -> list[Series]:
        items = [_series(self.binary(0), self.grid)]
        while self.peek() == ",":
            self.take()
            items.append(_series(self.binary(0), self.grid))
        self.take("]")
        return items

    def call(self, name: str) -> Value:
        function = _FUNCTIONS.get(name.upper())
        if function is None:
            raise ExpressionError(
                f"localcloud does not compute the function {name} of {self.text!r}; it knows {', '.join(_FUNCTIONS)}"
            )
        self.take("(")
        arguments: list[Any] = []
        while self.peek() != ")":
            repeat = self.peek() == "REPEAT" and "REPEAT" not in self.known
            arguments.append(self.take() if repeat else self.binary(0))
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        try:
            return function(self.grid, *arguments)
        except (TypeError, AttributeError) as error:
            raise ExpressionError(f"{self.text!r}: {name} does not take these arguments") from error


def _series(value: Value, grid: Grid) -> Series:
    if isinstance(value, dict):
        return value
    if isinstance(value, float):
        return dict.fromkeys(grid.starts, value)
    raise ExpressionError("an array of series is not expected there")


def _apply(function: Callable[[float, float], Any], left: Value, right: Value) -> Value:
    if isinstance(left, list) or isinstance(right, list):
        raise ExpressionError("arithmetic takes single series, not arrays of them")
    if isinstance(left, float) and isinstance(right, float):
        return float(function(left, right))
    times = [set(each) for each in (left, right) if isinstance(each, dict)]
    shared = functools.reduce(set.intersection, times)

    def at(value: Value, time: float) -> float:
        return value[time] if isinstance(value, dict) else float(value)  # type: ignore[arg-type]

    result = {time: float(function(at(left, time), at(right, time))) for time in sorted(shared)}
    return {time: value for time, value in result.items() if not math.isnan(value)}


def _reduce(combine: Callable[[list[float]], float]) -> Callable[..., Value]:
    """Of one series: a number; of an array: a series over all times that any of them has."""

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
        return {time: float(change(each)) for time, each in _series(value, grid).items()}

    return function


def _fill(grid: Grid, value: Value, filler: Value | str) -> Value:
    if isinstance(value, list):
        return [_filled(grid, series, filler) for series in value]
    return _filled(grid, _series(value, grid), filler)


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
        else:
            filled[time] = float(filler)  # type: ignore[arg-type]
    return filled


def _if(grid: Grid, condition: Value, yes: Value, no: Value | None = None) -> Value:
    if isinstance(condition, float):
        chosen = yes if condition else no
        return {} if chosen is None else chosen
    result: Series = {}
    for time, value in _series(condition, grid).items():
        chosen = yes if value else no
        if chosen is not None and time in _series(chosen, grid):
            result[time] = _series(chosen, grid)[time]
    return result


def _difference(grid: Grid, value: Value, per: float = 1.0) -> Value:
    times = sorted(_series(value, grid))
    series = _series(value, grid)
    return {now: (series[now] - series[before]) / per for before, now in itertools.pairwise(times)}


def _rate(grid: Grid, value: Value) -> Value:
    return _difference(grid, value, grid.period)


_FUNCTIONS: dict[str, Callable[..., Value]] = {
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
