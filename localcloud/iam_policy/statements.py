"""What a statement covers: actions without regard to case, resources, and what is excluded instead of listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.iam_policy.globs import matches, overlap

Match = Callable[[str, str], bool]
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def covers_action(statement: Mapping[str, Any], action: str) -> bool:
    """Whether Action has `action`, or NotAction does not have it. Case does not count."""
    return _covers(statement, "Action", action.lower(), lambda value, pattern: matches(value, pattern.lower()))


def covers_resource(statement: Mapping[str, Any], resource: str) -> bool:
    """Whether Resource may cover `resource`, which may be a pattern. True if the statement names no resource."""
    return _covers(statement, "Resource", resource, overlap, excluded=matches)


def with_any_variable(pattern: str) -> str:
    """The pattern with `*` in place of each policy variable, whose value is not known here."""
    return _VARIABLE.sub("*", pattern)


def _covers(
    statement: Mapping[str, Any], member: str, value: str, included: Match, excluded: Match | None = None
) -> bool:
    if member in statement:
        return any(included(value, pattern) for pattern in _list(statement[member]))
    return not any((excluded or included)(value, pattern) for pattern in _list(statement.get(f"Not{member}", [])))


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
