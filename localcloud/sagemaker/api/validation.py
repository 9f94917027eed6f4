"""Checks a request against the service's own model: lengths, ranges, patterns and enums, with the service's errors."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sized

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from localcloud.errors import AwsError


def validation_error(message: str) -> AwsError:
    """The error with which SageMaker refuses a request."""
    return AwsError("ValidationException", message)


def refusal(field: str, remedy: str) -> AwsError:
    """The error for a field that SageMaker has and the local cloud does not emulate."""
    return validation_error(f"the local cloud does not emulate {field}: {remedy}")


@functools.cache
def sagemaker_model() -> ServiceModel:
    """botocore's description of SageMaker."""
    return botocore.session.Session().get_service_model("sagemaker")


@functools.cache
def operation_model(operation: str) -> OperationModel:
    return sagemaker_model().operation_model(operation)


def check_request(operation: str, request: Mapping[str, object]) -> None:
    """Raise ValidationException if `request` breaks the constraints of `operation`'s input shape."""
    problems = list(_problems(operation_model(operation).input_shape, request, ""))
    if problems:
        noun = "validation error" if len(problems) == 1 else "validation errors"
        raise validation_error(f"{len(problems)} {noun} detected: {'; '.join(problems)}")


_PYTHON_TYPES: dict[str, type] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
}


def _problems(shape: Shape, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, _PYTHON_TYPES.get(shape.type_name, object)):
        yield _violation(value, path, f"Member must be a {shape.type_name}")
    elif isinstance(value, dict) and isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path)
    elif isinstance(value, dict) and isinstance(shape, MapShape):
        yield from _size_problems(shape, value, path)
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}.member")
    elif isinstance(value, list) and isinstance(shape, ListShape):
        yield from _size_problems(shape, value, path)
        for position, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{position}.member")
    elif isinstance(value, str):
        yield from _string_problems(shape, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _bound_problems(shape, value, value, path, "have value")


def _structure_problems(shape: StructureShape, value: Mapping[str, object], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _violation(None, _join(path, name), "Member must not be null")
    for name, item in value.items():
        if name in shape.members and item is not None:
            yield from _problems(shape.members[name], item, _join(path, name))


def _string_problems(shape: Shape, value: str, path: str) -> Iterator[str]:
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield _violation(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    yield from _size_problems(shape, value, path)


def _matches(pattern: str, value: str) -> bool:
    # `re` does not know Java's \p{...} classes; the service's other constraints still apply to such a field.
    return "\\p{" in pattern or "\\uD800" in pattern or re.fullmatch(pattern, value) is not None


def _size_problems(shape: Shape, value: Sized, path: str) -> Iterator[str]:
    yield from _bound_problems(shape, len(value), value, path, "have length")


def _bound_problems(shape: Shape, measured: float, value: object, path: str, verb: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and measured < least:
        yield _violation(value, path, f"Member must {verb} greater than or equal to {least}")
    if most is not None and measured > most:
        yield _violation(value, path, f"Member must {verb} less than or equal to {most}")


def _violation(value: object, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member
