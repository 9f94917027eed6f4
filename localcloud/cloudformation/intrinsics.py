"""Intrinsic functions of a template, and the scope in which they are evaluated."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from localcloud.cloudformation.conditions import CONDITION_FUNCTIONS
from localcloud.cloudformation.template import validation_error
from localcloud.json_types import JSON, JsonObject


class NoValue:
    """AWS::NoValue: whatever refers to it is left out."""

    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE = NoValue()
Resolved: TypeAlias = "JSON | NoValue"
SUBSTITUTION = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:([^:}]+):([^}]*)\}\}")


@dataclass
class Scope:
    """Where names of a template are looked up.

    exports: name -> value of an export.
    outputs: (stack name, output) -> value of a stack's output.
    resources: (logical id, attribute or None) -> the attribute, or the Ref, of a resource that exists.
    dynamic: (service, reference) -> value of a dynamic reference.
    """

    pseudo: JsonObject
    parameters: JsonObject
    mappings: Mapping[str, Mapping[str, Mapping[str, JSON]]]
    exports: Callable[[str], str]
    resources: Callable[[str, str | None], JSON]
    conditions: dict[str, bool] = field(default_factory=dict)
    dynamic: Callable[[str, str], str] | None = None
    outputs: Callable[[str, str], str] | None = None

    def resolve(self, value: JSON) -> Resolved:
        """`value` with every function evaluated and every AWS::NoValue left out."""
        if isinstance(value, dict):
            if len(value) == 1:
                (name, argument), *_ = value.items()
                if name == "Ref":
                    return self.ref(str(argument))
                if name.startswith("Fn::"):
                    return self._function(name, argument)
            return self.resolve_object(value)
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if not isinstance(item, NoValue)]
        if isinstance(value, str) and "{{resolve:" in value:
            return _DYNAMIC.sub(self._dynamic, value)
        return value

    def resolve_object(self, value: JsonObject) -> JsonObject:
        """The members of `value`, resolved."""
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if not isinstance(item, NoValue)}

    def resolve_text(self, value: JSON) -> str:
        """`value` where only text makes sense, such as a name; numbers count as text."""
        return str(self.resolve(value))

    def resolve_list(self, value: JSON, function: str) -> list[JSON]:
        """`value` where `function` needs a list."""
        return list_argument(self.resolve(value), function)

    def _dynamic(self, match: re.Match[str]) -> str:
        if self.dynamic is None:
            raise validation_error(f"dynamic reference {match[0]} cannot be used here")
        return self.dynamic(match[1], match[2])

    def ref(self, name: str) -> Resolved:
        """The value of Ref."""
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.resources(name, None)

    def _function(self, name: str, argument: JSON) -> Resolved:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise validation_error(f"localcloud does not emulate the template function {name}")
        return function(self, argument)

    def condition(self, expression: JSON) -> bool:
        """Evaluate a condition expression or the name of one."""
        if isinstance(expression, str):
            if expression not in self.conditions:
                raise validation_error(f"Unresolved condition dependency {expression}")
            return self.conditions[expression]
        if not isinstance(expression, dict) or len(expression) != 1:
            raise validation_error(f"Template error: a condition is a name or one function, found {expression!r}")
        (name, argument), *_ = expression.items()
        if name == "Condition":
            return self.condition(argument)
        function = CONDITION_FUNCTIONS.get(name)
        if function is None:
            raise validation_error(f"localcloud does not emulate the condition function {name}")
        return function(self, list_argument(argument, name))


def list_argument(value: Resolved, function: str) -> list[JSON]:
    """`value` as the list that `function` needs; ValidationError for anything else."""
    if not isinstance(value, list):
        raise validation_error(f"Template error: {function} needs a list, found {value!r}")
    return value


def _if(scope: Scope, argument: JSON) -> Resolved:
    name, then, otherwise = list_argument(argument, "Fn::If")
    return scope.resolve(then if scope.condition(name) else otherwise)


def _get_att(scope: Scope, argument: JSON) -> JSON:
    logical_id, attribute = split_get_att(argument)
    return scope.resources(logical_id, scope.resolve_text(attribute))


def split_get_att(argument: JSON) -> tuple[str, JSON]:
    """The logical id and the attribute of Fn::GetAtt."""
    parts: list[JSON] = (
        [*argument.split(".", 1)] if isinstance(argument, str) else list_argument(argument, "Fn::GetAtt")
    )
    logical_id, attribute = parts
    return str(logical_id), attribute


def _sub(scope: Scope, argument: JSON) -> str:
    text, variables = split_sub(argument)

    def replace(match: re.Match[str]) -> str:
        literal, name = match[1], match[2].strip()
        if literal:
            return "${" + match[2] + "}"
        if name in variables:
            return scope.resolve_text(variables[name])
        if "." in name and name not in scope.pseudo:
            return str(scope.resources(*name.split(".", 1)))
        return str(scope.ref(name))

    return SUBSTITUTION.sub(replace, text)


def split_sub(argument: JSON) -> tuple[str, JsonObject]:
    """The text and the variables of Fn::Sub."""
    if isinstance(argument, str):
        return argument, {}
    text, variables = list_argument(argument, "Fn::Sub")
    if not isinstance(variables, dict):
        raise validation_error(f"Template error: the variables of Fn::Sub are an object, found {variables!r}")
    return str(text), variables


def _join(scope: Scope, argument: JSON) -> str:
    delimiter, values = list_argument(argument, "Fn::Join")
    return str(delimiter).join(str(value) for value in scope.resolve_list(values, "Fn::Join"))


def _select(scope: Scope, argument: JSON) -> JSON:
    position, items = list_argument(argument, "Fn::Select")
    index, values = int(scope.resolve_text(position)), scope.resolve_list(items, "Fn::Select")
    if index >= len(values):
        raise validation_error(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return values[index]


def _split(scope: Scope, argument: JSON) -> JSON:
    delimiter, text = list_argument(argument, "Fn::Split")
    return [*scope.resolve_text(text).split(str(delimiter))]


def _find_in_map(scope: Scope, argument: JSON) -> Resolved:
    keys, options = list_argument(argument, "Fn::FindInMap")[:3], list_argument(argument, "Fn::FindInMap")[3:]
    name, first, second = (scope.resolve_text(key) for key in keys)
    try:
        return scope.resolve(scope.mappings[name][first][second])
    except KeyError:
        if options and isinstance(options[0], dict) and "DefaultValue" in options[0]:
            return scope.resolve(options[0]["DefaultValue"])
        raise validation_error(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None


def _cidr(scope: Scope, argument: JSON) -> JSON:
    block, count, *rest = (scope.resolve_text(item) for item in list_argument(argument, "Fn::Cidr"))
    network = ipaddress.ip_network(block)
    prefix = network.max_prefixlen - int(rest[0] if rest else 6)
    subnets = network.subnets(new_prefix=prefix)
    return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]


def _zones(scope: Scope, argument: JSON) -> JSON:
    region = scope.resolve(argument) or scope.pseudo["AWS::Region"]
    return [f"{region}{zone}" for zone in "abc"]


def _stack_output(scope: Scope, argument: JSON) -> str:
    where = scope.resolve(argument)
    if not isinstance(where, dict):
        raise validation_error(f"Template error: Fn::GetStackOutput needs an object, found {where!r}")
    if where.get("Region", scope.pseudo["AWS::Region"]) != scope.pseudo["AWS::Region"] or "RoleArn" in where:
        raise validation_error("localcloud does not emulate Fn::GetStackOutput from another region or account")
    if scope.outputs is None:
        raise validation_error("Fn::GetStackOutput cannot be used here")
    return scope.outputs(str(where["StackName"]), str(where["OutputName"]))


def _as_condition(name: str) -> Callable[[Scope, JSON], bool]:
    return lambda scope, argument: scope.condition({name: argument})


_FUNCTIONS: dict[str, Callable[[Scope, JSON], Resolved]] = {
    "Fn::If": _if,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": _zones,
    "Fn::ImportValue": lambda scope, argument: scope.exports(scope.resolve_text(argument)),
    "Fn::GetStackOutput": _stack_output,
    "Fn::Base64": lambda scope, argument: base64.b64encode(scope.resolve_text(argument).encode()).decode(),
    "Fn::Length": lambda scope, argument: len(scope.resolve_list(argument, "Fn::Length")),
    "Fn::ToJsonString": lambda scope, argument: json.dumps(scope.resolve(argument), separators=(",", ":")),
    **{name: _as_condition(name) for name in ("Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not")},
}
