"""Intrinsic functions, conditions and parameters of a template."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.cloudformation.template import Template, validation_error


class _NoValue:
    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE = _NoValue()
_SUB = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:([^:}]+):([^}]*)\}\}")


@dataclass
class Scope:
    """Where names of a template are looked up.

    `exports` answers an export's value, `outputs` (stack name, output) that of a stack's output.
    `resources` answers (logical id, attribute or None) with the Ref or the attribute of a resource that exists.
    """

    pseudo: Mapping[str, Any]
    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    exports: Callable[[str], str]
    resources: Callable[[str, str | None], Any]
    conditions: dict[str, bool] = field(default_factory=dict)
    dynamic: Callable[[str, str], str] | None = None
    outputs: Callable[[str, str], str] | None = None

    def resolve(self, value: Any) -> Any:
        """`value` with every function evaluated and every AWS::NoValue left out."""
        if isinstance(value, dict):
            if len(value) == 1:
                (name, argument), *_ = value.items()
                if name == "Ref":
                    return self._ref(argument)
                if name.startswith("Fn::"):
                    return self._function(name[4:], argument)
            resolved = {key: self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if isinstance(value, str) and "{{resolve:" in value:
            return _DYNAMIC.sub(self._dynamic, value)
        return value

    def _dynamic(self, match: re.Match[str]) -> str:
        if self.dynamic is None:
            raise validation_error(f"dynamic reference {match[0]} can not be used here")
        return self.dynamic(match[1], match[2])

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.resources(name, None)

    def _function(self, name: str, argument: Any) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise validation_error(f"localcloud does not emulate the template function Fn::{name}")
        return function(self, argument)

    def condition(self, expression: Any) -> bool:
        """Evaluate a condition expression or the name of one."""
        if isinstance(expression, str):
            if expression not in self.conditions:
                raise validation_error(f"Unresolved condition dependency {expression}")
            return self.conditions[expression]
        (name, argument), *_ = expression.items()
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            left, right = (self.resolve(side) for side in argument)
            return str(left) == str(right)
        if name == "Fn::And":
            return all([self.condition(item) for item in argument])
        if name == "Fn::Or":
            return any([self.condition(item) for item in argument])
        if name == "Fn::Not":
            return not self.condition(argument[0])
        if name == "Fn::Contains":
            values, wanted = (self.resolve(side) for side in argument)
            return str(wanted) in map(str, values)
        raise validation_error(f"localcloud does not emulate the condition function {name}")


def _if(scope: Scope, argument: Any) -> Any:
    name, then, otherwise = argument
    return scope.resolve(then if scope.condition(name) else otherwise)


def _get_att(scope: Scope, argument: Any) -> Any:
    logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.resources(logical_id, scope.resolve(attribute))


def _sub(scope: Scope, argument: Any) -> str:
    text, variables = (argument, {}) if isinstance(argument, str) else argument

    def replace(match: re.Match[str]) -> str:
        literal, name = match[1], match[2].strip()
        if literal:
            return "${" + match[2] + "}"
        if name in variables:
            return str(scope.resolve(variables[name]))
        if "." in name and name not in scope.pseudo:
            return str(scope.resources(*name.split(".", 1)))
        return str(scope._ref(name))

    return _SUB.sub(replace, text)


def _join(scope: Scope, argument: Any) -> str:
    delimiter, values = argument
    return delimiter.join(str(value) for value in scope.resolve(values))


def _select(scope: Scope, argument: Any) -> Any:
    index, values = int(scope.resolve(argument[0])), scope.resolve(argument[1])
    if index >= len(values):
        raise validation_error(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return values[index]


def _split(scope: Scope, argument: Any) -> list[str]:
    return scope.resolve(argument[1]).split(argument[0])


def _find_in_map(scope: Scope, argument: Any) -> Any:
    name, first, second = (scope.resolve(item) for item in argument[:3])
    try:
        return scope.resolve(scope.mappings[name][first][second])
    except KeyError:
        if len(argument) > 3 and "DefaultValue" in argument[3]:
            return scope.resolve(argument[3]["DefaultValue"])
        raise validation_error(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None


def _cidr(scope: Scope, argument: Any) -> list[str]:
    block, count, *rest = (scope.resolve(item) for item in argument)
    network = ipaddress.ip_network(block)
    prefix = network.max_prefixlen - int(rest[0] if rest else 6)
    subnets = network.subnets(new_prefix=prefix)
    return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]


def _zones(scope: Scope, argument: Any) -> list[str]:
    region = scope.resolve(argument) or scope.pseudo["AWS::Region"]
    return [f"{region}{zone}" for zone in "abc"]


def _stack_output(scope: Scope, argument: Any) -> str:
    where = scope.resolve(argument)
    if where.get("Region", scope.pseudo["AWS::Region"]) != scope.pseudo["AWS::Region"] or "RoleArn" in where:
        raise validation_error("localcloud does not emulate Fn::GetStackOutput from another region or account")
    if scope.outputs is None:
        raise validation_error("Fn::GetStackOutput can not be used here")
    return scope.outputs(where["StackName"], where["OutputName"])


def _as_condition(name: str) -> Callable[[Scope, Any], bool]:
    return lambda scope, argument: scope.condition({f"Fn::{name}": argument})


_FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "If": _if,
    "GetAtt": _get_att,
    "Sub": _sub,
    "Join": _join,
    "Select": _select,
    "Split": _split,
    "FindInMap": _find_in_map,
    "Cidr": _cidr,
    "GetAZs": _zones,
    "ImportValue": lambda scope, argument: scope.exports(scope.resolve(argument)),
    "GetStackOutput": _stack_output,
    "Base64": lambda scope, argument: base64.b64encode(str(scope.resolve(argument)).encode()).decode(),
    "Length": lambda scope, argument: len(scope.resolve(argument)),
    "ToJsonString": lambda scope, argument: json.dumps(scope.resolve(argument), separators=(",", ":")),
    **{name: _as_condition(name) for name in ("Equals", "And", "Or", "Not")},
}


def evaluate_conditions(scope: Scope, template: Template) -> None:
    """Fill `scope.conditions`; conditions may name each other in any order."""
    pending = dict(template.get("Conditions", {}))
    while pending:
        ready = [name for name, body in pending.items() if not _condition_names(body) & pending.keys()]
        if not ready:
            raise validation_error(f"Circular dependency between conditions: {sorted(pending)}")
        for name in ready:
            scope.conditions[name] = scope.condition(pending.pop(name))


def _condition_names(expression: Any) -> set[str]:
    if isinstance(expression, dict):
        own = {expression["Condition"]} if isinstance(expression.get("Condition"), str) else set()
        return own.union(*(_condition_names(item) for item in expression.values()))
    if isinstance(expression, list):
        return set().union(*map(_condition_names, expression))
    return set()


def references(value: Any, scope: Scope) -> set[str]:
    """Names that `value` refers to by Ref, GetAtt or Sub, in the branches that the conditions choose."""
    if isinstance(value, list):
        return set().union(*(references(item, scope) for item in value))
    if not isinstance(value, dict):
        return set()
    if "Ref" in value and len(value) == 1:
        return {value["Ref"]}
    if "Fn::GetAtt" in value and len(value) == 1:
        argument = value["Fn::GetAtt"]
        return {argument.split(".")[0] if isinstance(argument, str) else argument[0]}
    if "Fn::If" in value and len(value) == 1:
        name, then, otherwise = value["Fn::If"]
        return references(then if scope.condition(name) else otherwise, scope)
    if "Fn::Sub" in value and len(value) == 1:
        text, variables = (value["Fn::Sub"], {}) if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"]
        names = {match[2].strip().split(".")[0] for match in _SUB.finditer(text) if not match[1]}
        return (names - set(variables)) | references(variables, scope)
    return set().union(*(references(item, scope) for item in value.values()))
