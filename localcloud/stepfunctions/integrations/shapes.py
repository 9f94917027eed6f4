"""Parameters and results of service calls, between Step Functions' spelling and botocore's."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.json_types import JSON, JsonObject, as_list, as_object
from localcloud.stepfunctions.asl.json_text import to_json

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (str, int, float),
}


def pascal(name: str) -> str:
    """A member's name as Step Functions spells it: bucketName -> BucketName."""
    return name[:1].upper() + name[1:]


def problems(value: JSON, shape: Shape, field: str = "", *, stringify: bool = False) -> Iterator[str]:
    """What Step Functions would refuse in `value`; keys that end in `.$` have values that are not known yet.

    stringify: objects are allowed where text is expected (message bodies); they are sent as JSON.
    """
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        yield from _structure_problems(value, shape, stringify)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for each in value:
            yield from problems(each, shape.member, field, stringify=stringify)
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, each in value.items():
            if not key.endswith(".$"):
                yield from problems(each, shape.value, key, stringify=stringify)
    elif not _fits(value, shape, stringify):
        yield f'The value for the field "{field}" must be a {shape.type_name.upper()}'


def _structure_problems(value: JsonObject, shape: StructureShape, stringify: bool) -> Iterator[str]:
    members = {pascal(name): member for name, member in shape.members.items()}
    given = {name.removesuffix(".$") for name in value}
    for name in sorted(given - set(members)):
        yield f'The field "{name}" is not supported by Step Functions'
    for name in shape.required_members:
        if pascal(name) not in given:
            yield f'The field "{pascal(name)}" is required but was missing'
    for name, each in value.items():
        if name in members:
            yield from problems(each, members[name], name, stringify=stringify)


def _fits(value: JSON, shape: Shape, stringify: bool) -> bool:
    if shape.type_name == "blob" or (stringify and shape.type_name == "string"):
        return True
    if shape.type_name != "boolean" and isinstance(value, bool):
        return False
    whole = isinstance(value, float) and value.is_integer() and shape.type_name in ("integer", "long")
    return whole or isinstance(value, _JSON_TYPES.get(shape.type_name, (object,)))


def to_request(value: JSON, shape: Shape | None) -> dict[str, object]:
    """The parameters of an operation, free of problems, as botocore takes them; none for one without input."""
    if shape is None:
        return {}
    members = {pascal(name): name for name in shape.members}
    return {members[name]: _to_api(each, shape.members[members[name]]) for name, each in as_object(value).items()}


def _to_api(value: JSON, shape: Shape) -> object:
    if isinstance(shape, StructureShape):
        return to_request(value, shape)
    if isinstance(shape, ListShape):
        return [_to_api(each, shape.member) for each in as_list(value)]
    if isinstance(shape, MapShape):
        return {key: _to_api(each, shape.value) for key, each in as_object(value).items()}
    if shape.type_name == "blob":
        return (value if isinstance(value, str) else to_json(value)).encode()
    if shape.type_name == "string" and not isinstance(value, str):
        return to_json(value)
    return int(value) if shape.type_name in ("integer", "long") and isinstance(value, int | float) else value


def to_result(response: Mapping[str, Any], shape: Shape | None, *, epoch_times: bool) -> JsonObject:
    """A response as JSON data. Times: milliseconds since 1970 for optimized integrations, ISO 8601 for aws-sdk."""
    members = shape.members if isinstance(shape, StructureShape) else {}
    return {
        pascal(name): _to_json(value, members.get(name), epoch_times=epoch_times) for name, value in response.items()
    }


def _to_json(value: Any, shape: Shape | None, *, epoch_times: bool) -> JSON:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return to_result(value, shape, epoch_times=epoch_times)
    if isinstance(shape, ListShape):
        return [_to_json(each, shape.member, epoch_times=epoch_times) for each in value]
    if isinstance(shape, MapShape):
        return {key: _to_json(each, shape.value, epoch_times=epoch_times) for key, each in value.items()}
    if isinstance(value, datetime.datetime):
        if epoch_times:
            return int(value.timestamp() * 1000)
        return value.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    scalar: JSON = value.decode(errors="replace") if isinstance(value, bytes) else value
    return scalar


def parse_json(text: str) -> JSON:
    """JSON data, or the text itself where it is not JSON."""
    try:
        parsed: JSON = json.loads(text)
    except ValueError:
        return text
    return parsed
