"""JSONPath as Step Functions reads it: definite paths give a value, all others a list."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from localcloud.stepfunctions.asl.errors import ExpressionError, PathNotFound
from localcloud.stepfunctions.asl.json_path_filter import Condition, parse_condition

_NAME = re.compile(r"[^\s.\[\]'\"(),*?@:]+")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_NUMBER = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Step:
    """One part of a path. kind: field, index, wildcard, slice, union, descend or filter."""

    kind: str
    value: Any = None

    @property
    def definite(self) -> bool:
        return self.kind in ("field", "index")


@dataclass(frozen=True)
class Path:
    """A parsed path below `$`."""

    text: str
    steps: tuple[Step, ...]

    @property
    def definite(self) -> bool:
        return all(step.definite for step in self.steps)

    def find(self, document: Any) -> Any:
        """The value, or for an indefinite path the list of values; PathNotFound for a missing definite part."""
        nodes = [document]
        optional = False
        for step in self.steps:
            found = [value for node in nodes for value in _select(step, node, document)]
            optional = optional or not step.definite
            if not found and not optional:
                raise PathNotFound(self.text)
            nodes = found
        return nodes[0] if self.definite else nodes


def _select(step: Step, node: Any, document: Any) -> Iterable[Any]:
    match step.kind:
        case "field":
            return [node[step.value]] if isinstance(node, dict) and step.value in node else []
        case "index":
            in_range = isinstance(node, list) and -len(node) <= step.value < len(node)
            return [node[step.value]] if in_range else []
        case "wildcard":
            return _children(node)
        case "slice":
            return node[step.value] if isinstance(node, list) else []
        case "union":
            return [value for part in step.value for value in _select(part, node, document)]
        case "filter":
            return [value for value in _children(node) if step.value(value, document)]
        case _:
            return [value for each in _descendants(node) for value in _select(step.value, each, document)]


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _descendants(node: Any) -> list[Any]:
    return [node, *(each for child in _children(node) for each in _descendants(child))]


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1

    def fail(self) -> ExpressionError:
        return ExpressionError(f"{self.text!r} is not a valid path (near {self.text[self.at : self.at + 10]!r})")

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def accept(self, literal: str) -> bool:
        if self.text.startswith(literal, self.at):
            self.at += len(literal)
            return True
        return False

    def steps(self) -> tuple[Step, ...]:
        found = []
        while self.at < len(self.text):
            found.append(self.step())
        return tuple(found)

    def step(self) -> Step:
        if self.accept(".."):
            return Step("descend", self.bracket() if self.accept("[") else self.name())
        if self.accept("."):
            return self.name()
        if self.accept("["):
            return self.bracket()
        raise self.fail()

    def name(self) -> Step:
        if self.accept("*"):
            return Step("wildcard")
        if (match := self.take(_NAME)) and not self.text.startswith("(", self.at):
            return Step("field", match[0])
        raise self.fail()

    def bracket(self) -> Step:
        if self.accept("*]"):
            return Step("wildcard")
        if self.accept("?("):
            return Step("filter", self.filter())
        parts = [self.element()]
        while self.accept(","):
            while self.accept(" "):
                pass
            parts.append(self.element())
        if not self.accept("]"):
            raise self.fail()
        return parts[0] if len(parts) == 1 else Step("union", tuple(parts))

    def element(self) -> Step:
        if quoted := self.take(_QUOTED):
            return Step("field", re.sub(r"\\(.)", r"\1", quoted[1] if quoted[1] is not None else quoted[2]))
        start = self.take(_NUMBER)
        if not self.accept(":"):
            if start is None:
                raise self.fail()
            return Step("index", int(start[0]))
        end = self.take(_NUMBER)
        step = self.take(_NUMBER) if self.accept(":") else None
        bounds = [int(each[0]) if each else None for each in (start, end, step)]
        return Step("slice", slice(*bounds))

    def filter(self) -> Condition:
        condition, self.at = parse_condition(self.text, self.at, parse)
        if not self.accept(")]"):
            raise self.fail()
        return condition


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Parse a path that starts with `$`; ExpressionError when it is none."""
    if not text.startswith("$"):
        raise ExpressionError(f"{text!r} is not a valid path: it must begin with $")
    return Path(text, _Parser(text).steps())


def parse_reference(text: str) -> Path:
    """Parse a reference path: one that selects a single place."""
    path = parse(text)
    if not path.definite:
        raise ExpressionError(f"{text!r} is not a reference path: it must select one place")
    return path


def put(document: Any, path: Path, value: Any) -> Any:
    """A copy of `document` with `value` at the reference path; objects on the way are made."""
    if not path.steps:
        return value
    head, rest = path.steps[0], Path(path.text, path.steps[1:])
    if head.kind == "field" and isinstance(document, dict):
        return {**document, head.value: put(document.get(head.value, {}), rest, value)}
    if head.kind == "index" and isinstance(document, list) and 0 <= head.value < len(document):
        return [put(each, rest, value) if at == head.value else each for at, each in enumerate(document)]
    raise PathNotFound(path.text)
