"""A CloudFormation template: reading JSON and YAML, and what makes one invalid."""

from __future__ import annotations

import json
from typing import Any

import yaml

from localcloud.errors import AwsError

Template = dict[str, Any]

_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
}
_RESOURCE_FIELDS = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "Description",
}


def validation_error(message: str) -> AwsError:
    """CloudFormation's answer to a template or a request that it can not use."""
    return AwsError("ValidationError", message)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x`, `!GetAtt a.b`, `!Sub ...`."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# A date such as the format version stays the text that it is.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def parse_template(body: str) -> Template:
    """Read a template; ValidationError says what is wrong with it."""
    try:
        template = json.loads(body) if body.lstrip().startswith("{") else yaml.load(body, _Loader)  # noqa: S506
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise validation_error(f"Template format error: {error}") from error
    if not isinstance(template, dict):
        raise validation_error("Template format error: unsupported structure.")
    _check(template)
    return template


def _check(template: Template) -> None:
    if "Transform" in template:
        raise validation_error(f"localcloud does not emulate the template transform {template['Transform']}")
    unknown = set(template) - _SECTIONS
    if unknown:
        raise validation_error(f"Invalid template property or properties [{', '.join(sorted(unknown))}]")
    if not template.get("Resources"):
        raise validation_error("At least one Resources member must be defined.")
    for logical_id, resource in template["Resources"].items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise validation_error(f"Template format error: resource {logical_id} has no Type")
        unknown = set(resource) - _RESOURCE_FIELDS
        if unknown:
            fields = ", ".join(sorted(unknown))
            raise validation_error(
                f"localcloud does not emulate {fields} of resource {logical_id} ({resource['Type']})"
            )
