"""A CloudFormation template: reading JSON and YAML, and what makes one invalid."""

from __future__ import annotations

import json
from typing import Required, TypedDict

import yaml

from localcloud.errors import AwsError
from localcloud.json_types import JSON, JsonObject


class ResourceDefinition(TypedDict, total=False):
    """A resource as the template declares it; Properties may contain functions."""

    Type: Required[str]
    Properties: JsonObject
    DependsOn: str | list[str]
    Condition: str
    DeletionPolicy: str
    UpdateReplacePolicy: str
    Metadata: JSON
    Description: str


class ParameterDeclaration(TypedDict, total=False):
    """A parameter of a template. Numbers may be written as text."""

    Type: Required[str]
    Default: JSON
    NoEcho: str | bool
    Description: str
    AllowedValues: list[JSON]
    AllowedPattern: str
    MinLength: int | str
    MaxLength: int | str
    MinValue: float | str
    MaxValue: float | str
    ConstraintDescription: str


class Export(TypedDict):
    Name: JSON


class OutputDefinition(TypedDict, total=False):
    Value: Required[JSON]
    Description: str
    Condition: str
    Export: Export


class Assertion(TypedDict, total=False):
    Assert: Required[JSON]
    AssertDescription: str


class Rule(TypedDict, total=False):
    RuleCondition: JSON
    Assertions: Required[list[Assertion]]


class Template(TypedDict, total=False):
    """A template, after `parse_template` has checked it."""

    AWSTemplateFormatVersion: str
    Description: str
    Metadata: JSON
    Parameters: dict[str, ParameterDeclaration]
    Rules: dict[str, Rule]
    Mappings: dict[str, dict[str, dict[str, JSON]]]
    Conditions: JsonObject
    Resources: Required[dict[str, ResourceDefinition]]
    Outputs: dict[str, OutputDefinition]


_SECTIONS = frozenset(Template.__annotations__)
_RESOURCE_FIELDS = frozenset(ResourceDefinition.__annotations__)


def validation_error(message: str) -> AwsError:
    """CloudFormation's answer to a template or a request that it cannot use."""
    return AwsError("ValidationError", message)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML with CloudFormation's short forms: `!Ref x`, `!GetAtt a.b`, `!Sub ...`."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> JsonObject:
    value: JSON
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = [*value.split(".", 1)]
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# A date, such as the format version, stays text.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def parse_template(body: str) -> Template:
    """Read a template; ValidationError says what is wrong with it."""
    try:
        loaded = json.loads(body) if body.lstrip().startswith("{") else yaml.load(body, _Loader)  # noqa: S506
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise validation_error(f"Template format error: {error}") from error
    if not isinstance(loaded, dict):
        raise validation_error("Template format error: unsupported structure.")
    _check(loaded)
    template: Template = loaded  # type: ignore[assignment]  # checked
    return template


def _check(template: JsonObject) -> None:
    if "Transform" in template:
        raise validation_error(f"localcloud does not emulate the template transform {template['Transform']}")
    unknown = set(template) - _SECTIONS
    if unknown:
        raise validation_error(f"Invalid template property or properties [{', '.join(sorted(unknown))}]")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise validation_error("At least one Resources member must be defined.")
    for logical_id, resource in resources.items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise validation_error(f"Template format error: resource {logical_id} has no Type")
        unknown = set(resource) - _RESOURCE_FIELDS
        if unknown:
            fields = ", ".join(sorted(unknown))
            raise validation_error(
                f"localcloud does not emulate {fields} of resource {logical_id} ({resource['Type']})"
            )
