"""Which names a value of a template refers to."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.cloudformation.intrinsics import SUBSTITUTION, Scope, list_argument, split_get_att, split_sub
from localcloud.json_types import JSON


def references(value: JSON, scope: Scope) -> set[str]:
    """Names that `value` refers to by Ref, GetAtt or Sub, in the branches that the conditions choose."""
    if isinstance(value, list):
        return set().union(*(references(item, scope) for item in value))
    if not isinstance(value, dict):
        return set()
    if len(value) == 1:
        (name, argument), *_ = value.items()
        if name in _REFERENCES:
            return _REFERENCES[name](argument, scope)
    return set().union(*(references(item, scope) for item in value.values()))


def _references_of_if(argument: JSON, scope: Scope) -> set[str]:
    name, then, otherwise = list_argument(argument, "Fn::If")
    return references(then if scope.condition(name) else otherwise, scope)


def _references_of_sub(argument: JSON, scope: Scope) -> set[str]:
    text, variables = split_sub(argument)
    names = {match[2].strip().split(".")[0] for match in SUBSTITUTION.finditer(text) if not match[1]}
    return (names - set(variables)) | references(variables, scope)


_REFERENCES: dict[str, Callable[[JSON, Scope], set[str]]] = {
    "Ref": lambda argument, scope: {str(argument)},
    "Fn::GetAtt": lambda argument, scope: {split_get_att(argument)[0]},
    "Fn::If": _references_of_if,
    "Fn::Sub": _references_of_sub,
}
