"""Metric math: the expressions that alarms and GetMetricData use, over series on one grid of periods."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from localcloud.cloudwatch.metrics.math_functions import (
    FUNCTIONS,
    ExpressionError,
    Grid,
    Series,
    Value,
    as_series,
    combine,
)

_TOKEN = re.compile(
    r"\s*(?:\d+\.?\d*(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|'[^']*'|\"[^\"]*\"|>=|<=|==|!=|&&|\|\||[-+*/^<>(),\[\]])"
)
_COMPARISONS: dict[str, Callable[[float, float], float]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_LEVELS: tuple[dict[str, Callable[[float, float], float]], ...] = (
    {"||": lambda a, b: bool(a) or bool(b), "OR": lambda a, b: bool(a) or bool(b)},
    {"&&": lambda a, b: bool(a) and bool(b), "AND": lambda a, b: bool(a) and bool(b)},
    _COMPARISONS,
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": lambda a, b: a / b if b else math.nan},
    {"^": operator.pow},
)


def evaluate(expression: str, known: Mapping[str, Value], grid: Grid) -> Value:
    """The value of an expression; ExpressionError when it is wrong or not computed here.

    known: the values of identifiers.
    """
    return _Parser(expression, known, grid).whole()


def check(expression: str, names: Sequence[str]) -> None:
    """ExpressionError unless the expression can be evaluated with these identifiers."""
    empty: dict[str, Value] = {name: {} for name in names}
    evaluate(expression, empty, Grid((0.0,), 60.0, {}))


class _Parser:
    """Evaluates while it parses: expressions are short and evaluated once per period."""

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
            raise ExpressionError(f"{self.text!r}: {self.tokens[self.at]!r} is not allowed there")
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
            left = combine(function, left, self.binary(level + 1))
        return left

    def unary(self) -> Value:
        if self.peek() == "-":
            self.take()
            return combine(operator.mul, -1.0, self.unary())
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
        items = [as_series(self.binary(0), self.grid)]
        while self.peek() == ",":
            self.take()
            items.append(as_series(self.binary(0), self.grid))
        self.take("]")
        return items

    def call(self, name: str) -> Value:
        function = FUNCTIONS.get(name.upper())
        if function is None:
            raise ExpressionError(
                f"localcloud does not compute the function {name} of {self.text!r}; it knows {', '.join(FUNCTIONS)}"
            )
        self.take("(")
        arguments: list[Value | str] = []
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
