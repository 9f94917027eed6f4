"""The rule of a composite alarm: ALARM("a") AND (OK("b") OR NOT INSUFFICIENT_DATA(c))."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r'\s*(?:(?P<test>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^)"]+?))\s*\)'
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE|\(|\)))"
)

StateOf = Callable[[str], str]
Rule = Callable[[StateOf], bool]


class RuleError(ValueError):
    """A rule that cannot be parsed."""


def parse(text: str) -> Rule:
    """The rule as a function of the alarms' states; names in it may be alarm names or ARNs."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Rule:
        rule = self.either()
        if self.text[self.at :].strip():
            raise self.fail()
        return rule

    def fail(self) -> RuleError:
        return RuleError(f"AlarmRule is not valid near {self.text[self.at : self.at + 20]!r}")

    def accept(self, word: str) -> bool:
        match = _TOKEN.match(self.text, self.at)
        if match and match["word"] == word:
            self.at = match.end()
            return True
        return False

    def either(self) -> Rule:
        rules = [self.both()]
        while self.accept("OR"):
            rules.append(self.both())
        return rules[0] if len(rules) == 1 else lambda state_of: any(rule(state_of) for rule in rules)

    def both(self) -> Rule:
        rules = [self.single()]
        while self.accept("AND"):
            rules.append(self.single())
        return rules[0] if len(rules) == 1 else lambda state_of: all(rule(state_of) for rule in rules)

    def single(self) -> Rule:
        if self.accept("NOT"):
            inner = self.single()
            return lambda state_of: not inner(state_of)
        if self.accept("("):
            inner = self.either()
            if not self.accept(")"):
                raise self.fail()
            return inner
        if self.accept("TRUE"):
            return lambda state_of: True
        if self.accept("FALSE"):
            return lambda state_of: False
        match = _TOKEN.match(self.text, self.at)
        if match is None or match["test"] is None:
            raise self.fail()
        self.at = match.end()
        wanted, name = match["test"], _name(match)
        return lambda state_of: state_of(name) == wanted


def _name(match: re.Match[str]) -> str:
    text = match["bare"] if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
    return text.rpartition(":alarm:")[2] if text.startswith("arn:") else text
