"""The filter expressions of JSONPath: `?(@.name == 'x' && @.size > 3)`."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.errors import ExpressionError, PathNotFound

if TYPE_CHECKING:
    from localcloud.stepfunctions.asl.json_path import Path

Condition = Callable[[JSON, JSON], bool]  # (candidate, whole document) -> keep it
ParsePath = Callable[[str], "Path"]
Compare = Callable[[Any, Any], bool]  # TypeError for values that have no order
_Value = Callable[[JSON, JSON], object]

_TOKEN = re.compile(
    r"\s*(?:(?P<operator>==|!=|<=|>=|<|>|&&|\|\||!|\()|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<literal>-?\d+(?:\.\d+)?|true|false|null)|(?P<path>[@$][\w.\-]*(?:\[(?:\d+|'[^']*')\][\w.\-]*)*))"
)
_COMPARE: dict[str, Compare] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MISSING = object()


def parse_condition(text: str, at: int, parse_path: ParsePath) -> tuple[Condition, int]:
    """Parse from position `at` up to the closing parenthesis; returns the condition and the position after it."""
    parser = _Parser(text, at, parse_path)
    return parser.either(), parser.at


class _Parser:
    def __init__(self, text: str, at: int, parse_path: ParsePath) -> None:
        self.text = text
        self.at = at
        self.parse_path = parse_path

    def peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self.text, self.at)

    def accept(self, *operators: str) -> str | None:
        token = self.peek()
        if token and token["operator"] in operators:
            self.at = token.end()
            return token["operator"]
        return None

    def either(self) -> Condition:
        condition = self.both()
        while self.accept("||"):
            condition = _or(condition, self.both())
        return condition

    def both(self) -> Condition:
        condition = self.single()
        while self.accept("&&"):
            condition = _and(condition, self.single())
        return condition

    def single(self) -> Condition:
        if self.accept("!"):
            negated = self.single()
            return lambda node, document: not negated(node, document)
        if self.accept("("):
            inner = self.either()
            if not self.text.startswith(")", self.at):
                raise ExpressionError(f"{self.text!r}: a parenthesis is not closed")
            self.at += 1
            return inner
        left = self.value()
        compare = self.accept(*_COMPARE)
        if compare is None:
            return lambda node, document: left(node, document) is not _MISSING
        return _comparison(_COMPARE[compare], left, self.value())

    def value(self) -> _Value:
        token = self.peek()
        if token is None or token["operator"]:
            raise ExpressionError(f"{self.text!r}: a value is missing near {self.text[self.at : self.at + 10]!r}")
        self.at = token.end()
        if token["path"]:
            return self.path_value(token["path"])
        constant = re.sub(r"\\(.)", r"\1", token["string"][1:-1]) if token["string"] else json.loads(token["literal"])
        return lambda node, document: constant

    def path_value(self, text: str) -> _Value:
        path = self.parse_path("$" + text[1:])
        of_candidate = text.startswith("@")

        def value(node: JSON, document: JSON) -> object:
            try:
                return path.find(node if of_candidate else document)
            except PathNotFound:
                return _MISSING

        return value


def _or(left: Condition, right: Condition) -> Condition:
    return lambda node, document: left(node, document) or right(node, document)


def _and(left: Condition, right: Condition) -> Condition:
    return lambda node, document: left(node, document) and right(node, document)


def _comparison(compare: Compare, left: _Value, right: _Value) -> Condition:
    def condition(node: JSON, document: JSON) -> bool:
        first, second = left(node, document), right(node, document)
        if _MISSING in (first, second):
            return False
        try:
            return compare(first, second)
        except TypeError:  # values of different types have no order
            return False

    return condition
