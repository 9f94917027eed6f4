"""What a version of a stack contains: its scope, its resources in dependency order, and what it would change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from localcloud.cloudformation.conditions import evaluate_conditions
from localcloud.cloudformation.intrinsics import NO_VALUE, Resolved, Scope
from localcloud.cloudformation.providers import provider_for
from localcloud.cloudformation.references import references
from localcloud.cloudformation.stacks import Change, Output, Resource, ResourceChange, Stack, Version
from localcloud.cloudformation.template import ResourceDefinition, Template, validation_error
from localcloud.errors import AwsError
from localcloud.json_types import JSON, JsonObject

Definitions = Mapping[str, ResourceDefinition]


class Unknown(str):
    """Stands in for a value that only exists after the deploy."""


def make_scope(
    version: Version,
    pseudo: JsonObject,
    resources: Callable[[str, str | None], JSON],
    exports: Callable[[str], str],
    dynamic: Callable[[str, str], str],
    outputs: Callable[[str, str], str],
) -> Scope:
    """The scope of a version, with its conditions evaluated."""
    template = version.template
    mappings = template.get("Mappings", {})
    scope = Scope(pseudo, version.parameters, mappings, exports, resources, dynamic=dynamic, outputs=outputs)
    evaluate_conditions(scope, template)
    _check_rules(scope, template)
    return scope


def _check_rules(scope: Scope, template: Template) -> None:
    for rule in template.get("Rules", {}).values():
        if "RuleCondition" in rule and not scope.condition(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not scope.condition(assertion["Assert"]):
                raise validation_error(f"Template error: rule failed: {assertion.get('AssertDescription', rule)}")


def active_definitions(version: Version, scope: Scope) -> dict[str, ResourceDefinition]:
    """The resources whose condition holds, in an order in which each follows those it refers to."""
    definitions = {
        logical_id: definition
        for logical_id, definition in version.template["Resources"].items()
        if "Condition" not in definition or scope.condition(definition["Condition"])
    }
    return {name: definitions[name] for name in dependency_order(definitions, scope)}


def dependencies(definitions: Definitions, scope: Scope) -> dict[str, set[str]]:
    """Logical id -> what it depends on; ValidationError for an unknown name."""
    known = set(definitions) | set(scope.pseudo) | set(scope.parameters) | {"AWS::NoValue"}
    found: dict[str, set[str]] = {}
    for logical_id, definition in definitions.items():
        names = references(definition.get("Properties", {}), scope)
        if unknown := sorted(names - known):
            raise validation_error(f"Unresolved resource dependencies {unknown} in the Resources block of the template")
        explicit = definition.get("DependsOn", [])
        names |= {explicit} if isinstance(explicit, str) else set(explicit)
        found[logical_id] = names & set(definitions)
    return found


def dependency_order(definitions: Definitions, scope: Scope) -> list[str]:
    """Logical ids, each after what it depends on; ValidationError for a cycle or an unknown name."""
    pending = dependencies(definitions, scope)
    order: list[str] = []
    while pending:
        ready = [name for name, needs in pending.items() if needs <= set(order)]
        if not ready:
            raise validation_error(f"Circular dependency between resources: [{', '.join(sorted(pending))}]")
        order += ready
        for name in ready:
            del pending[name]
    return order


def planned_changes(stack: Stack, version: Version, scope: Scope) -> list[Change]:
    """The change list of a change set: additions, modifications (with what forces a replacement), removals."""
    wanted = active_definitions(version, scope)
    changes = []
    for logical_id, definition in wanted.items():
        current = stack.resources.get(logical_id)
        if current is None or current.type != definition["Type"]:
            changes.append(_change("Add", logical_id, definition["Type"], None))
        elif changed := _changed_properties(current, definition, scope):
            changes.append(_modification(current, changed, definition.get("UpdateReplacePolicy", "Delete")))
    for logical_id, current in stack.resources.items():
        if logical_id not in wanted:
            removal = _change("Remove", logical_id, current.type, current.physical_id)
            policy = current.definition.get("DeletionPolicy", "Delete")
            removal["ResourceChange"]["PolicyAction"] = "Retain" if policy == "RetainExceptOnCreate" else policy
            changes.append(removal)
    return changes


def resolve_as_far_as_known(value: JSON, scope: Scope) -> Resolved:
    """Resolve `value`; what depends on resources that do not exist yet becomes Unknown."""
    try:
        return scope.resolve(value)
    except AwsError:
        return Unknown("(known after the deploy)")


def _changed_properties(current: Resource, definition: ResourceDefinition, scope: Scope) -> list[str]:
    properties = {key: resolve_as_far_as_known(value, scope) for key, value in definition.get("Properties", {}).items()}
    names = {*properties, *current.properties}
    return sorted(
        name
        for name in names
        if repr(properties.get(name)) != repr(current.properties.get(name))
        and not (name not in current.properties and properties.get(name) is None)
    )


def _modification(current: Resource, changed: list[str], policy: str) -> Change:
    replaces = provider_for(current.type).replaces(set(changed))
    change = _change("Modify", current.logical_id, current.type, current.physical_id)
    change["ResourceChange"]["Replacement"] = "True" if replaces else "False"
    if replaces:
        change["ResourceChange"]["PolicyAction"] = f"ReplaceAnd{policy}"
    change["ResourceChange"]["Scope"] = ["Properties"]
    change["ResourceChange"]["Details"] = [_detail(name, replaces=replaces) for name in changed]
    return change


def _detail(name: str, *, replaces: bool) -> JsonObject:
    target: JsonObject = {
        "Attribute": "Properties",
        "Name": name,
        "RequiresRecreation": "Always" if replaces else "Never",
    }
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def _change(action: str, logical_id: str, kind: str, physical_id: str | None) -> Change:
    change: ResourceChange = {
        "Action": action,
        "LogicalResourceId": logical_id,
        "ResourceType": kind,
        "Scope": [],
        "Details": [],
    }
    if physical_id:
        change["PhysicalResourceId"] = physical_id
    return {"Type": "Resource", "ResourceChange": change}


def dependency_order_of_existing(definitions: Definitions, scope: Scope) -> list[str]:
    """Order of resources that exist; what they refer to may no longer be in the template."""
    return dependency_order(definitions, _lenient(definitions, scope))


def dependencies_of_existing(definitions: Definitions, scope: Scope) -> dict[str, set[str]]:
    """What each of the resources that exist depends on."""
    return dependencies(definitions, _lenient(definitions, scope))


def _lenient(definitions: Definitions, scope: Scope) -> Scope:
    names = {name for definition in definitions.values() for name in _all_names(definition.get("Properties"))}
    return replace(scope, parameters={**scope.parameters, **dict.fromkeys(names, "")})


def _all_names(value: JSON) -> set[str]:
    """Names that `value` refers to by Ref or GetAtt, in every branch of its conditions."""
    if isinstance(value, list):
        return set().union(*map(_all_names, value))
    if not isinstance(value, dict):
        return set()
    names = set().union(*map(_all_names, value.values()))
    if isinstance(value.get("Ref"), str):
        names.add(str(value["Ref"]))
    get_att = value.get("Fn::GetAtt")
    if isinstance(get_att, list):
        names.add(str(get_att[0]))
    return names


def resolve_outputs(version: Version, scope: Scope) -> dict[str, Output]:
    """The outputs whose condition holds, as DescribeStacks shows them."""
    outputs: dict[str, Output] = {}
    for key, body in version.template.get("Outputs", {}).items():
        if "Condition" in body and not scope.condition(body["Condition"]):
            continue
        value = scope.resolve(body["Value"])
        if value is NO_VALUE:
            continue
        output: Output = {"OutputKey": key, "OutputValue": str(value)}
        if "Description" in body:
            output["Description"] = body["Description"]
        if "Export" in body:
            output["ExportName"] = scope.resolve_text(body["Export"]["Name"])
        outputs[key] = output
    return outputs
