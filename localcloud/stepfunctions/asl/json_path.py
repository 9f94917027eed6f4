"""JSONPath as Step Functions reads it: definite paths give a value, all others a list."""

from __future__ import annotations

import functools
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.errors import ExpressionError, PathNotFound
from localcloud.stepfunctions.asl.json_path_filter import Condition, parse_condition

_NAME = re.compile(r"[^\s.\[\]'\"(),*?@:]+")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_NUMBER = re.compile(r"-?\d+")


class Step(ABC):
    """One part of a path. A definite one selects at most one value of a node."""

    definite: ClassVar[bool] = False

    @abstractmethod
    def select(self, node: JSON, document: JSON) -> list[JSON]:
        """The values that it selects in a node of `document`."""


@dataclass(frozen=True)
class Field(Step):
    """`.name` or `['name']`."""

    name: str
    definite = True

    def select(self, node: JSON, document: JSON) -> list[JSON]:
        return [node[self.name]] if isinstance(node, dict) and self.name in node else []


@dataclass(frozen=True)
class Index(Step):
    """`[0]`, or `[-1]` from the end."""

    position: int
    definite = True

    def select(self, node: JSON, document: JSON) -> list[JSON]:
        in_range = isinstance(node, list) and -len(node) <= self.position < len(node)
        return [node[self.position]] if isinstance(node, list) and in_range else []


@dataclass(frozen=True)
class Wildcard(Step):
    """`*`."""

    def select(self, node: JSON, document: JSON) -> list[JSON]:
        return _children(node)


@dataclass(frozen=True)
class Slice(Step):
    """`[start:end:step]`."""

    bounds: slice

    def select(self, node: JSON, document: JSON) -> list[JSON]:
        return node[self.bounds] if isinstance(node, list) else []


@dataclass(frozen=True)
class Union(Step):
    """`[a,b]`."""

    parts: tuple[Step, ...]

    def select(self, node: JSON, document: JSON) -> list[JSON]:
        return [value for part in self.parts for value in part.select(node, document)]


@dataclass(frozen=True)
class Filter(Step):
    """`[?(condition)]`."""

    condition: Condition

    def select(self, node: JSON, document: JSON) -> list[JSON]:
        return [value for value in _children(node) if self.condition(value, document)]


@dataclass(frozen=True)
class Descent(Step):
    """`..`: a step applied to a node and to everything below it."""

    step: Step

    def select(self, node: JSON, document: JSON) -> list[JSON]:
        return [value for each in _descendants(node) for value in self.step.select(each, document)]


@dataclass(frozen=True)
class Path:
    """A parsed path below `$`."""

    text: str
    steps: tuple[Step, ...]

    @property
    def definite(self) -> bool:
        return all(step.definite for step in self.steps)

    def find(self, document: JSON) -> JSON:
        """The value, or for an indefinite path the list of values; PathNotFound for a missing definite part."""
        nodes = [document]
        optional = False
        for step in self.steps:
            found = [value for node in nodes for value in step.select(node, document)]
            optional = optional or not step.definite
            if not found and not optional:
                raise PathNotFound(self.text)
            nodes = found
        return nodes[0] if self.definite else nodes


def _children(node: JSON) -> list[JSON]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _descendants(node: JSON) -> list[JSON]:
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
            return Descent(self.bracket() if self.accept("[") else self.name())
        if self.accept("."):
            return self.name()
        if self.accept("["):
            return self.bracket()
        raise self.fail()

    def name(self) -> Step:
        if self.accept("*"):
            return Wildcard()
        if (match := self.take(_NAME)) and not self.text.startswith("(", self.at):
            return Field(match[0])
        raise self.fail()

    def bracket(self) -> Step:
        if self.accept("*]"):
            return Wildcard()
        if self.accept("?("):
            return Filter(self.filter())
        parts = [self.element()]
        while self.accept(","):
            while self.accept(" "):
                pass
            parts.append(self.element())
        if not self.accept("]"):
            raise self.fail()
        return parts[0] if len(parts) == 1 else Union(tuple(parts))

    def element(self) -> Step:
        if quoted := self.take(_QUOTED):
            return Field(re.sub(r"\\(.)", r"\1", quoted[1] if quoted[1] is not None else quoted[2]))
        start = self.take(_NUMBER)
        if not self.accept(":"):
            if start is None:
                raise self.fail()
            return Index(int(start[0]))
        end = self.take(_NUMBER)
        step = self.take(_NUMBER) if self.accept(":") else None
        bounds = [int(each[0]) if each else None for each in (start, end, step)]
        return Slice(slice(*bounds))

    def filter(self) -> Condition:
        condition, self.at = parse_condition(self.text, self.at, parse)
        if not self.accept(")]"):
            raise self.fail()
        return condition


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Parse a path that starts with `$`; ExpressionError when it cannot be parsed."""
    if not text.startswith("$"):
        raise ExpressionError(f"{text!r} is not a valid path: it must begin with $")
    return Path(text, _Parser(text).steps())


def parse_reference(text: str) -> Path:
    """Parse a reference path: one that selects a single place."""
    path = parse(text)
    if not path.definite:
        raise ExpressionError(f"{text!r} is not a reference path: it must select one place")
    return path


def put(document: JSON, path: Path, value: JSON) -> JSON:
    """A copy of `document` with `value` at the reference path; missing objects on the way are created."""
    if not path.steps:
        return value
    head, rest = path.steps[0], Path(path.text, path.steps[1:])
    if isinstance(head, Field) and isinstance(document, dict):
        return {**document, head.name: put(document.get(head.name, {}), rest, value)}
    if isinstance(head, Index) and isinstance(document, list) and 0 <= head.position < len(document):
        return [put(each, rest, value) if at == head.position else each for at, each in enumerate(document)]
    raise PathNotFound(path.text)
