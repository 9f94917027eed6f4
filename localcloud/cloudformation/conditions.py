"""The conditions of a template: their functions, and their order of evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localcloud.cloudformation.template import Template, validation_error
from localcloud.json_types import JSON

if TYPE_CHECKING:
    from localcloud.cloudformation.intrinsics import Scope


def _equals(scope: Scope, sides: list[JSON]) -> bool:
    left, right = (scope.resolve_text(side) for side in sides)
    return left == right


def _contains(scope: Scope, sides: list[JSON]) -> bool:
    values, wanted = sides
    return scope.resolve_text(wanted) in map(str, scope.resolve_list(values, "Fn::Contains"))


CONDITION_FUNCTIONS: dict[str, Callable[[Scope, list[JSON]], bool]] = {
    "Fn::Equals": _equals,
    "Fn::And": lambda scope, items: all([scope.condition(item) for item in items]),
    "Fn::Or": lambda scope, items: any([scope.condition(item) for item in items]),
    "Fn::Not": lambda scope, items: not scope.condition(items[0]),
    "Fn::Contains": _contains,
}


def evaluate_conditions(scope: Scope, template: Template) -> None:
    """Fill `scope.conditions`; conditions may name each other in any order, but not in a circle."""
    pending = dict(template.get("Conditions", {}))
    while pending:
        ready = [name for name, body in pending.items() if not _condition_names(body) & pending.keys()]
        if not ready:
            raise validation_error(f"Circular dependency between conditions: {sorted(pending)}")
        for name in ready:
            scope.conditions[name] = scope.condition(pending.pop(name))


def _condition_names(expression: JSON) -> set[str]:
    if isinstance(expression, dict):
        name = expression.get("Condition")
        own = {name} if isinstance(name, str) else set()
        return own.union(*(_condition_names(item) for item in expression.values()))
    if isinstance(expression, list):
        return set().union(*map(_condition_names, expression))
    return set()
