"""The AWS query protocol: form parameters in, XML out, both read off the service model."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from werkzeug.wrappers import Response

Node = dict[str, Any]


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service; loading one takes some milliseconds, so it is kept."""
    return botocore.session.get_session().get_service_model(service)


def parse_query(body: bytes, operation: OperationModel) -> dict[str, Any]:
    """Form fields such as `Tags.member.1.Key=a` as the structure that the operation takes."""
    tree: Node = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        node = tree
        *parents, last = name.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    shape = operation.input_shape
    return _read(tree, shape) if shape is not None else {}


def _read(node: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        return {name: _read(node[name], member) for name, member in shape.members.items() if name in node}
    if isinstance(shape, ListShape):
        items = node.get("member", {}) if isinstance(node, dict) else {}
        return [_read(items[key], shape.member) for key in sorted(items, key=int)]
    if isinstance(shape, MapShape):
        entries = node.get("entry", {})
        return {entry["key"]: _read(entry["value"], shape.value) for entry in entries.values()}
    if shape.type_name == "boolean":
        return node == "true"
    if shape.type_name in ("integer", "long"):
        return int(node)
    return node


def query_response(result: Mapping[str, Any], operation: OperationModel) -> Response:
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
