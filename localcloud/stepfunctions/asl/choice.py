"""The rules of a Choice state."""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable
from typing import Any, TypeGuard

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.errors import RUNTIME, StatesError
from localcloud.stepfunctions.asl.scope import Scope
from localcloud.stepfunctions.asl.states import ChoiceRule

Compare = Callable[[Any, Any], bool]  # of two values that are of the comparison's type

_ORDER: dict[str, Compare] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def timestamp(value: object) -> datetime.datetime | None:
    """An RFC 3339 timestamp, or None for anything else."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        return None
    return datetime.datetime.fromisoformat(value)


_TYPES: dict[str, Callable[[JSON], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": is_number,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: timestamp(value) is not None,
}


def _as(kind: str, value: object) -> object:
    """The value as the comparison's type, or None when it is of another type."""
    if kind == "Timestamp":
        return timestamp(value)
    fits = {"String": isinstance(value, str), "Numeric": is_number(value), "Boolean": isinstance(value, bool)}
    return value if fits[kind] else None


def _comparators() -> dict[str, tuple[str, Compare]]:
    kinds = ("String", "Numeric", "Timestamp")
    ordered = {f"{kind}{name}": (kind, compare) for kind in kinds for name, compare in _ORDER.items()}
    return {**ordered, "BooleanEquals": ("Boolean", operator.eq)}


_COMPARATORS = _comparators()
COMPARISONS = frozenset(
    [*_COMPARATORS, *(f"{name}Path" for name in _COMPARATORS), *_TYPES, "IsPresent", "StringMatches"]
)
TYPE_TESTS = frozenset([*_TYPES, "IsPresent"])


def holds(rule: ChoiceRule, scope: Scope) -> bool:
    """Whether a rule of a Choice state is true."""
    if "And" in rule:
        return all(holds(each, scope) for each in rule["And"])
    if "Or" in rule:
        return any(holds(each, scope) for each in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], scope)
    variable = rule["Variable"]
    name, expected = next((name, value) for name, value in rule.items() if name in COMPARISONS)
    if name == "IsPresent":
        return scope.has(variable) is expected
    if not scope.has(variable):
        raise StatesError(
            RUNTIME,
            f"Invalid path '{variable}': The choice state's condition path references an invalid value.",
        )
    return _compare(name, scope.find(variable, "Variable"), expected, scope)


def _compare(name: str, value: JSON, expected: object, scope: Scope) -> bool:
    if name in _TYPES:
        return _TYPES[name](value) is expected
    if name == "StringMatches":
        return isinstance(value, str) and _wildcard(_text(expected, name)).fullmatch(value) is not None
    if name.endswith("Path"):
        name, expected = name.removesuffix("Path"), scope.find(_text(expected, name), name)
    kind, compare = _COMPARATORS[name]
    left, right = _as(kind, value), _as(kind, expected)
    return left is not None and right is not None and compare(left, right)


def _text(operand: object, name: str) -> str:
    if not isinstance(operand, str):
        raise StatesError(RUNTIME, f"The comparison '{name}' must be given a string, found {operand!r}")
    return operand


def _wildcard(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|\*|[^*\\]+|\\", pattern)
    text = "".join(".*" if part == "*" else re.escape(re.sub(r"\\(.)", r"\1", part)) for part in parts)
    return re.compile(text, re.DOTALL)
