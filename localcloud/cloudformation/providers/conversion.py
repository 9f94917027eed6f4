"""CloudFormation property values as a service's API takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.cloudformation.providers.base import ProviderError


def parameters(properties: Mapping[str, object], shape: StructureShape, path: str) -> dict[str, object]:
    """Properties as the parameters of an operation. path: the prefix of a refused property's name."""
    return _convert_structure(properties, shape, path)


def convert(value: object, shape: Shape, path: str) -> object:
    """A CloudFormation value as the API's shape requires it: member case, numbers, booleans, JSON texts, tag lists."""
    if isinstance(shape, StructureShape):
        return _convert_structure(value, shape, path)
    if isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        return [convert(item, shape.member, f"{path}.{index}") for index, item in enumerate(items)]
    if isinstance(shape, MapShape):
        if isinstance(value, list):
            value = {item["Key"]: item["Value"] for item in value}
        if not isinstance(value, dict):
            raise ProviderError(f"property {path} must be an object")
        return {str(key): convert(item, shape.value, f"{path}.{key}") for key, item in value.items()}
    return _convert_scalar(value, shape.type_name)


def _convert_structure(value: object, shape: StructureShape, path: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ProviderError(f"property {path} must be an object")
    members = {name.lower(): name for name in shape.members}
    if {"tagkey", "tagvalue"} <= members.keys() and set(value) == {"Key", "Value"}:
        value = {"TagKey": value["Key"], "TagValue": value["Value"]}
    result: dict[str, object] = {}
    for key, item in value.items():
        name = members.get(key.lower())
        if name is None:
            raise ProviderError(f"localcloud does not emulate property {path}.{key}".replace("..", "."))
        result[name] = convert(item, shape.members[name], f"{path}.{key}")
    return result


def _convert_scalar(value: Any, kind: str) -> object:
    if kind == "boolean":
        return is_true(value)
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    return text(value) if kind == "string" else value


def is_true(value: object) -> bool:
    """A boolean property, which a template may also write as text."""
    return str(value).lower() == "true"


def text(value: object) -> str:
    """A property whose API parameter is always text: documents as JSON, booleans in lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
