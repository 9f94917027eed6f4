"""Conditions of a statement, as IAM evaluates them.

What a request gives for a key: the texts that AWS sets, which may be patterns where only a part of them is known (any
function of another account); `ANYTHING` where the caller chooses; nothing (None) where the key is absent. With
patterns there are two answers: whether a request may meet the condition, and whether every such request surely does.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from localcloud.iam_policy.globs import WILDCARD, matches, overlap

ANYTHING = "anything"
Given = Sequence[str] | str | None
"""A sequence of texts or patterns, ANYTHING, or None."""
Compare = Callable[[str, str], bool]

_QUANTIFIERS = ("ForAnyValue", "ForAllValues")
_ARN_PARTS = 6


def operators(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """(operator, key, expected values) of each condition; values as IAM reads them, booleans in lower case."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, expected in keys.items():
            yield operator, key, [_text(item) for item in (expected if isinstance(expected, list) else [expected])]


def known(operator: str) -> bool:
    """Whether the operator is compared here."""
    return _base(operator)[0] in {*_COMPARE, "Null"}


def holds(operator: str, expected: Sequence[str], given: Given, *, surely: bool = False) -> bool:
    """Whether the condition may be met, or `surely` is. An unknown operator may be met, and surely is not."""
    quantifier, _, name = operator.rpartition(":")
    base, negated = _base(name)
    if base == "Null":
        return _null(expected, given, surely=surely)
    if given is None:
        absent = quantifier == "ForAllValues" or operator.endswith("IfExists")
        return absent or (negated and quantifier != "ForAnyValue")
    if given == ANYTHING or base not in _COMPARE:
        return not surely
    each = [_one(base, expected, value, negated=negated, surely=surely) for value in given]
    return any(each) if quantifier != "ForAllValues" else all(each)


def _one(base: str, expected: Sequence[str], value: str, *, negated: bool, surely: bool) -> bool:
    """For one value: a pattern of values may match where they overlap, and surely does where it is covered."""
    compare, covered = _COMPARE[base]
    test = covered if surely != negated else compare
    return any(test(value, wanted) for wanted in expected) != negated


def _null(expected: Sequence[str], given: Given, *, surely: bool) -> bool:
    if given == ANYTHING:
        return not surely
    return ("true" if given is None else "false") in [item.lower() for item in expected]


def _base(operator: str) -> tuple[str, bool]:
    """`StringLike` and True of `ForAnyValue:StringNotLikeIfExists`."""
    name = operator.rpartition(":")[2].removesuffix("IfExists")
    return (name.replace("Not", "", 1), True) if "Not" in name else (name, False)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _literal(value: str, wanted: str) -> bool:
    """Equality. The wildcards of `wanted` are plain characters, those of `value` are not."""
    return value == wanted if WILDCARD.search(wanted) else matches(wanted, value)


def _arn(compare: Compare) -> Compare:
    """Each of the six parts of an ARN is compared by itself; a pattern of one `*` is any ARN."""

    def parts(value: str, wanted: str) -> bool:
        mine, theirs = (_parts(text) for text in (value, wanted))
        return len(mine) == len(theirs) and all(map(compare, mine, theirs))

    return parts


def _parts(arn: str) -> list[str]:
    found = re.split(r":(?![^{]*\})", arn, maxsplit=_ARN_PARTS - 1)
    return ["*"] * _ARN_PARTS if found == ["*"] else found


def _number(test: Callable[[float, float], bool]) -> Compare:
    def compare(value: str, wanted: str) -> bool:
        try:
            return test(float(value), float(wanted))
        except ValueError:
            return False

    return compare


def _address(value: str, wanted: str) -> bool:
    try:
        mine, range_ = ipaddress.ip_network(value, strict=False), ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False
    return mine.version == range_.version and mine.subnet_of(range_)  # type: ignore[arg-type]


def _folded(compare: Compare) -> Compare:
    return lambda value, wanted: compare(value.lower(), wanted.lower())


def _ordered(test: Callable[[Any, Any], bool]) -> tuple[Compare, Compare]:
    """Dates in ISO 8601 are in the order of their texts."""
    return test, test


_LIKE, _EQUAL = (overlap, matches), (_literal, lambda value, wanted: value == wanted)
_ARN_LIKE = (_arn(overlap), _arn(matches))
_NUMBERS = {
    "Equals": lambda value, wanted: value == wanted,
    "LessThan": lambda value, wanted: value < wanted,
    "LessThanEquals": lambda value, wanted: value <= wanted,
    "GreaterThan": lambda value, wanted: value > wanted,
    "GreaterThanEquals": lambda value, wanted: value >= wanted,
}
_COMPARE: dict[str, tuple[Compare, Compare]] = {
    "StringEquals": _EQUAL,
    "StringEqualsIgnoreCase": (_folded(_literal), _folded(_EQUAL[1])),
    "StringLike": _LIKE,
    "ArnEquals": _ARN_LIKE,
    "ArnLike": _ARN_LIKE,
    "Bool": (_folded(_literal), _folded(_EQUAL[1])),
    "IpAddress": (_address, _address),
    **{f"Numeric{name}": (_number(test), _number(test)) for name, test in _NUMBERS.items()},
    **{f"Date{name}": _ordered(test) for name, test in _NUMBERS.items()},
}
"""Operator without `Not` and `IfExists` -> whether some value of a pattern fits, and whether every value does."""
