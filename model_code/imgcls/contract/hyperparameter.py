"""One hyperparameter: what a settings field declares, and how a value is parsed from text and written as text.

SageMaker passes every value as a string; a categorical value of a tuning job may arrive in quotes (`'"64"'`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_VALUE_CHARS = 2500
"""Limit of CreateTrainingJob on a value in `HyperParameters`."""

Value = int | float | str | bool | dict[str, Any]
"""A hyperparameter's plain value, as JSON has it."""


class HyperparameterError(ValueError):
    """A value that training would refuse; the message names the hyperparameter and what it may be."""


@dataclass(frozen=True)
class Hyperparameter:
    """One option of train.py. `kind` is int, float, str, bool or dict (a JSON object). `low` and `high` are inclusive.

    `read` makes typed settings of a JSON object. The weights do not depend on a `resume_safe` hyperparameter: it may
    change when an interrupted training is resumed.
    """

    name: str
    kind: type
    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    tunable: bool = False
    resume_safe: bool = False
    read: Callable[[Mapping[str, Any]], Any] | None = None

    def parse(self, text: Any) -> Value:
        """The plain value of what the service or a shell passed. Raises HyperparameterError."""
        value = _unquoted(text)
        try:
            parsed = _PARSERS[self.kind](value)
        except (ValueError, TypeError):
            raise HyperparameterError(f"{self.name} is {text!r}; it must be {_KIND_NAMES[self.kind]}") from None
        if self.choices and parsed not in self.choices:
            raise HyperparameterError(f"{self.name} is {parsed!r}; it must be one of {', '.join(self.choices)}")
        if isinstance(parsed, int | float) and not isinstance(parsed, bool) and not self._in_range(parsed):
            raise HyperparameterError(f"{self.name} is {parsed}; it must be {self._range()}")
        self.typed(parsed)
        return parsed

    def typed(self, value: Value) -> Any:
        """What the settings have for a plain value: typed settings for a JSON object. Raises HyperparameterError."""
        if self.read is None or not isinstance(value, dict):
            return value
        try:
            return self.read(value)
        except ValueError as error:
            raise HyperparameterError(str(error)) from None

    def format(self, value: Value) -> str:
        """The string that CreateTrainingJob carries. Raises HyperparameterError."""
        value = self.parse(value)
        text = json.dumps(value, sort_keys=True, separators=(",", ":")) if isinstance(value, dict) else str(value)
        text = text.lower() if isinstance(value, bool) else text
        if len(text) > MAX_VALUE_CHARS:
            raise HyperparameterError(
                f"{self.name} has {len(text)} characters; the service takes at most {MAX_VALUE_CHARS}"
            )
        return text

    def _in_range(self, value: float) -> bool:
        low = self.low if self.low is not None else float("-inf")
        high = self.high if self.high is not None else float("inf")
        return low <= value <= high

    def _range(self) -> str:
        if self.low is None:
            return f"at most {self.high}"
        return f"at least {self.low}" if self.high is None else f"between {self.low} and {self.high}"


def unknown(name: str, known: Iterable[str]) -> HyperparameterError:
    return HyperparameterError(f"{name} is not a hyperparameter; choose from {', '.join(known)}")


def check_names(place: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raises HyperparameterError, with the choices, for the first name in `given` that is not `known`."""
    choices = tuple(known)
    for name in given:
        if name not in choices:
            raise HyperparameterError(f"{place} has no {name!r}; choose from {', '.join(choices)}")


def _unquoted(value: Any) -> Any:
    if isinstance(value, str) and len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "1", "yes"):
        return True
    if str(value).lower() in ("false", "0", "no"):
        return False
    raise ValueError(value)


def _int(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _dict(value: Any) -> dict[str, Any]:
    parsed = json.loads(value) if isinstance(value, str) else dict(value)
    if not isinstance(parsed, dict):
        raise ValueError(value)
    return parsed


_PARSERS: Mapping[type, Callable[[Any], Value]] = {int: _int, float: float, str: str, bool: _bool, dict: _dict}
_KIND_NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", dict: "a JSON object"}
