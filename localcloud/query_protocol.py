"""The AWS query protocol: form parameters in, XML out, both by the service model."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from werkzeug.wrappers import Response

from localcloud.json_types import JSON, JsonObject

Node: TypeAlias = "dict[str, Node | str]"  # form fields as a tree, by the parts of their names


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service; cached, because loading one takes milliseconds."""
    return botocore.session.get_session().get_service_model(service)


def parse_query(body: bytes, operation: OperationModel) -> JsonObject:
    """Form fields such as `Tags.member.1.Key=a` as the structure that the operation takes."""
    tree: Node = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        node = tree
        *parents, last = name.split(".")
        for part in parents:
            node = _branch(node.setdefault(part, {}))
        node[last] = value
    shape = operation.input_shape
    return _read_structure(tree, shape) if shape is not None else {}


def _branch(node: Node | str) -> Node:
    """The fields below a node; none below a value."""
    return node if isinstance(node, dict) else {}


def _read_structure(node: Node, shape: StructureShape) -> JsonObject:
    return {name: _read(node[name], member) for name, member in shape.members.items() if name in node}


def _read(node: Node | str, shape: Shape) -> JSON:
    if isinstance(shape, StructureShape):
        return _read_structure(_branch(node), shape)
    if isinstance(shape, ListShape):
        items = _branch(_branch(node).get("member", {}))
        return [_read(items[key], shape.member) for key in sorted(items, key=int)]
    if isinstance(shape, MapShape):
        entries = [_branch(entry) for entry in _branch(_branch(node).get("entry", {})).values()]
        return {str(entry["key"]): _read(entry["value"], shape.value) for entry in entries}
    text = str(node)
    if shape.type_name == "boolean":
        return text == "true"
    return int(text) if shape.type_name in ("integer", "long") else text


def query_response(result: Mapping[str, object], operation: OperationModel) -> Response:
    """The XML that a client of the query protocol expects for `result`."""
    shape = operation.output_shape
    inner = ""
    if shape is not None:
        content = _write(result, shape)
        wrapper = shape.serialization.get("resultWrapper")
        inner = f"<{wrapper}>{content}</{wrapper}>" if wrapper else content
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    body = (
        f'<{operation.name}Response xmlns="{namespace}">{inner}'
        f"<ResponseMetadata><RequestId>localcloud</RequestId></ResponseMetadata></{operation.name}Response>"
    )
    return Response(f'<?xml version="1.0"?>{body}', content_type="text/xml")


def _write(value: Any, shape: Shape) -> str:
    if isinstance(shape, StructureShape):
        unknown = set(value) - set(shape.members)
        if unknown:
            raise TypeError(f"{shape.name} has no members {sorted(unknown)}")
        return "".join(
            f"<{name}>{_write(item, shape.members[name])}</{name}>" for name, item in value.items() if item is not None
        )
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_write(item, shape.member)}</member>" for item in value)
    if isinstance(shape, MapShape):
        pairs = ((escape(str(key)), _write(item, shape.value)) for key, item in value.items())
        return "".join(f"<entry><key>{key}</key><value>{item}</value></entry>" for key, item in pairs)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return escape(str(value))
