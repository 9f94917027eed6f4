"""Filter patterns of CloudWatch Logs: terms, regular expressions and conditions on JSON events."""

from __future__ import annotations

import fnmatch
import functools
import json
import operator
import re
from collections.abc import Callable
from typing import TypeGuard

from localcloud.json_types import JSON

Matches = Callable[[str], bool]
_JsonCondition = Callable[[JSON], bool]

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"]+))')
_JSON = re.compile(
    r"\s*(?:(?P<word>&&|\|\||\(|\))|(?P<selector>\$[\w.\-\[\]]*)\s*(?P<test>IS\s+NULL|IS\s+TRUE|IS\s+FALSE|NOT\s+EXISTS"
    r"|(?:=|!=|<=|>=|<|>))\s*)",
    re.IGNORECASE,
)
_OPERAND = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s)&|"]+))')
_MISSING = object()
_ORDER = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


class PatternError(ValueError):
    """A pattern that is not valid, or of a kind that this cloud does not match."""


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Matches:
    """The pattern as a function of a message; an empty pattern matches everything."""
    text = pattern.strip()
    if text.startswith("{") and text.endswith("}"):
        return _json_matcher(_JsonParser(text[1:-1]).whole())
    if text.startswith("["):
        raise PatternError("localcloud does not match patterns of space-delimited fields: use terms or JSON conditions")
    return _term_matcher(text)


def _term_matcher(text: str) -> Matches:
    required: list[Matches] = []
    optional: list[Matches] = []
    excluded: list[Matches] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise PatternError(f"Invalid filter pattern near {text[at : at + 20]!r}")
        at = match.end()
        {"": required, "?": optional, "-": excluded}[match[1]].append(_term(match))

    def matches(message: str) -> bool:
        if any(term(message) for term in excluded) or not all(term(message) for term in required):
            return False
        return bool(required) or not optional or any(term(message) for term in optional)

    return matches


def _term(match: re.Match[str]) -> Matches:
    if match[3] is not None:
        expression = re.compile(match[3])
        return lambda message: expression.search(message) is not None
    literal = match[4] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
    return lambda message: literal in message


def _json_matcher(condition: _JsonCondition) -> Matches:
    def matches(message: str) -> bool:
        try:
            event = json.loads(message)
        except ValueError:
            return False
        return condition(event)

    return matches


class _JsonParser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self) -> PatternError:
        return PatternError(f"Invalid filter pattern near {self.text[self.at : self.at + 20]!r}")

    def accept(self, word: str) -> bool:
        match = _JSON.match(self.text, self.at)
        if match and match["word"] == word:
            self.at = match.end()
            return True
        return False

    def whole(self) -> _JsonCondition:
        condition = self.either()
        if self.text[self.at :].strip():
            raise self.fail()
        return condition

    def either(self) -> _JsonCondition:
        parts = [self.both()]
        while self.accept("||"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda event: any(part(event) for part in parts)

    def both(self) -> _JsonCondition:
        parts = [self.single()]
        while self.accept("&&"):
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else lambda event: all(part(event) for part in parts)

    def single(self) -> _JsonCondition:
        if self.accept("("):
            inner = self.either()
            if not self.accept(")"):
                raise self.fail()
            return inner
        match = _JSON.match(self.text, self.at)
        if match is None or match["selector"] is None:
            raise self.fail()
        self.at = match.end()
        test = " ".join(match["test"].upper().split())
        constants = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False, "NOT EXISTS": _MISSING}
        if test in constants:
            return lambda event: select(match["selector"], event) is constants[test]
        return _comparison(match["selector"], test, self.operand())

    def operand(self) -> re.Match[str]:
        match = _OPERAND.match(self.text, self.at)
        if match is None:
            raise self.fail()
        self.at = match.end()
        return match


def _comparison(selector: str, test: str, operand: re.Match[str]) -> _JsonCondition:
    quoted, expression, bare = operand.groups()
    if test in _ORDER:
        limit, compare = _number(bare), _ORDER[test]
        return lambda event: _is_number(value := select(selector, event)) and compare(value, limit)
    equal = _search(re.compile(expression)) if expression is not None else _equality(quoted, bare)
    wanted = test == "="
    return lambda event: (value := select(selector, event)) is not _MISSING and equal(value) is wanted


def _search(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.search(value) is not None


def _equality(quoted: str | None, bare: str | None) -> Callable[[object], bool]:
    text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare or ""

    def equal(value: object) -> bool:
        if _is_number(value):
            return quoted is None and _is_numeric(text) and value == float(text)
        return isinstance(value, str) and fnmatch.fnmatchcase(value, text.replace("[", "[[]").replace("?", "[?]"))

    return equal


def _number(text: str | None) -> float:
    if text is None or not _is_numeric(text):
        raise PatternError("Invalid filter pattern: an order comparison needs a number")
    return float(text)


def _is_numeric(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text) is not None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def select(selector: str, event: JSON) -> object:
    """What `$.a.b[0]` selects in a JSON event; _MISSING where it selects nothing."""
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", selector):
        if name and isinstance(event, dict) and name in event:
            event = event[name]
        elif index and isinstance(event, list) and int(index) < len(event):
            event = event[int(index)]
        else:
            return _MISSING
    return event


def number_at(selector: str, message: str) -> float | None:
    """The number that a metric filter's value selects in a JSON message."""
    try:
        value = select(selector, json.loads(message))
    except ValueError:
        return None
    return float(value) if _is_number(value) else None
