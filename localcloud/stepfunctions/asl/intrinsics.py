"""Intrinsic functions such as States.Format: parsing and evaluation."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.errors import ExpressionError, StatesError
from localcloud.stepfunctions.asl.intrinsic_functions import FUNCTIONS, IntrinsicFailure
from localcloud.stepfunctions.asl.json_path import parse as parse_path

MAX_FUNCTIONS = 10
"""In one field: "You can nest up to 10 intrinsic functions within a field" (Step Functions' guide)."""
_CALL = re.compile(r"States\.(\w+)\(")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_LITERAL = re.compile(r"(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=[,)\s])")
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True)
class Literal:
    """A constant argument. Strings keep the escapes of `{` and `}` for States.Format."""

    value: JSON


@dataclass(frozen=True)
class Reference:
    """A path argument, `$...` or `$$...`."""

    path: str


@dataclass(frozen=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[Literal | Reference | Call, ...]
    text: str


Expression = Literal | Reference | Call


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.functions = 0

    def fail(self, why: str) -> ExpressionError:
        return ExpressionError(f"{self.text!r} is not a valid intrinsic function: {why}")

    def skip_space(self) -> None:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def call(self) -> Call:
        start = self.at
        match = self.take(_CALL)
        if match is None or match[1] not in FUNCTIONS:
            raise self.fail(f"no function of that name near {self.text[start : start + 20]!r}")
        self.functions += 1
        if self.functions > MAX_FUNCTIONS:
            raise self.fail(f"a field may have {MAX_FUNCTIONS} of them")
        arguments: list[Expression] = []
        self.skip_space()
        while not self.text.startswith(")", self.at):
            arguments.append(self.argument())
            self.skip_space()
            if self.text.startswith(",", self.at):
                self.at += 1
                self.skip_space()
            elif not self.text.startswith(")", self.at):
                raise self.fail(f"expected , or ) at position {self.at}")
        self.at += 1
        return Call(match[1], tuple(arguments), self.text[start : self.at])

    def argument(self) -> Expression:
        if self.text.startswith("States.", self.at):
            return self.call()
        if self.text.startswith("$", self.at):
            return self.reference()
        if match := self.take(_STRING):
            return Literal(match[1])
        if match := self.take(_LITERAL):
            return Literal(json.loads(match[0]))
        raise self.fail(f"expected an argument at position {self.at}")

    def reference(self) -> Reference:
        start, depth, quote = self.at, 0, ""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if quote:
                quote = "" if letter == quote else quote
            elif letter in "'\"" and depth:
                quote = letter
            elif letter in "[(":
                depth += 1
            elif letter in "])" and depth:
                depth -= 1
            elif letter in ",) " and not depth:
                break
            self.at += 1
        path = self.text[start : self.at]
        parse_path(path[1:] if path.startswith("$$") else path)
        return Reference(path)


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Call:
    """Parse `States.Name(...)`; ExpressionError when it is not one."""
    parser = _Parser(text)
    call = parser.call()
    parser.skip_space()
    if parser.at != len(text):
        raise parser.fail(f"text after the closing parenthesis at position {parser.at}")
    return call


def evaluate(expression: Expression, resolve: Callable[[str], JSON]) -> JSON:
    """The value; `resolve` reads a path. StatesError States.IntrinsicFailure when a function refuses its arguments."""
    if isinstance(expression, Reference):
        return resolve(expression.path)
    if isinstance(expression, Literal):
        return _unescaped(expression.value)
    arguments = [
        each.value if expression.name == "Format" and at == 0 and isinstance(each, Literal) else evaluate(each, resolve)
        for at, each in enumerate(expression.arguments)
    ]
    try:
        return FUNCTIONS[expression.name](*arguments)
    except (IntrinsicFailure, TypeError, ValueError) as error:
        # A wrong number of arguments raises TypeError; the cause names the call in every case.
        raise StatesError("States.IntrinsicFailure", f"{expression.text}: {error}") from error


def _unescaped(value: JSON) -> JSON:
    return re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) if isinstance(value, str) else value
