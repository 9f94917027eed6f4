"""What of a value breaks the constraints of its shape: nulls, lengths, ranges, patterns and enumerations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Literal

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.errors import AwsError
from localcloud.input_checks.patterns import matches

Kind = Literal["null", "enum", "pattern", "min", "max"]


@dataclass(frozen=True)
class Violation:
    """A constraint that a value breaks. path: as the services write it, `resourceConfig.instanceType`."""

    shape: Shape
    kind: Kind
    path: str
    value: object
    constraint: str

    def __str__(self) -> str:
        return f"{self._value} at '{self.path}' failed to satisfy constraint: Member {self.constraint}"

    @property
    def _value(self) -> str:
        if self.value is None:
            return "Value null"
        return "Value" if self.shape.metadata.get("sensitive") else f"Value '{self.value}'"


_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
}
_TOKENS = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}


def violations(shape: Shape, value: object, path: str = "") -> Iterator[Violation]:
    """The broken constraints of `value`, a parsed JSON value; blobs and times are not looked at.

    Raises AwsError SerializationException where the type of a value is not that of its shape.
    """
    _check_type(shape, value)
    if isinstance(value, dict) and isinstance(shape, StructureShape):
        yield from _of_structure(shape, value, path)
    elif isinstance(value, dict) and isinstance(shape, MapShape):
        yield from _of_size(shape, value, path)
        for key, item in value.items():
            yield from violations(shape.key, key, f"{path}.key")
            if item is not None:
                yield from violations(shape.value, item, f"{path}.{key}.member")
    elif isinstance(value, list) and isinstance(shape, ListShape):
        yield from _of_size(shape, value, path)
        for position, item in enumerate(value, 1):
            if item is not None:
                yield from violations(shape.member, item, f"{path}.{position}.member")
    elif isinstance(value, str) and shape.type_name == "string":
        yield from _of_string(shape, value, path)
    elif isinstance(value, (int, float)) and shape.type_name in ("integer", "long", "float", "double"):
        yield from _of_bounds(shape, value, value, path, "have value")


def _check_type(shape: Shape, value: object) -> None:
    expected = _PYTHON_TYPES.get(shape.type_name, object)
    if isinstance(value, expected) and not (isinstance(value, bool) and shape.type_name != "boolean"):
        return
    if expected is object:
        return
    if isinstance(value, dict | list):
        kind = "structure or map" if isinstance(value, dict) else "list"
        raise AwsError("SerializationException", f"Start of {kind} found where not expected.")
    token = f"{str(value).upper()}_VALUE" if isinstance(value, bool) else _TOKENS.get(type(value), "value")
    article = "an" if shape.type_name == "integer" else "a"
    raise AwsError("SerializationException", f"{token} can not be converted to {article} {shape.type_name.title()}")


def _of_structure(shape: StructureShape, value: Mapping[str, object], path: str) -> Iterator[Violation]:
    for name in shape.required_members:
        member = shape.members[name]
        if value.get(name) is None and member.type_name != "blob":
            yield Violation(member, "null", _join(path, name), None, "must not be null")
    for name, item in value.items():
        if name in shape.members and item is not None:
            yield from violations(shape.members[name], item, _join(path, name))


def _of_string(shape: Shape, value: str, path: str) -> Iterator[Violation]:
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield Violation(shape, "enum", path, value, f"must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not matches(pattern, value):
        yield Violation(shape, "pattern", path, value, f"must satisfy regular expression pattern: {pattern}")
    yield from _of_size(shape, value, path)


def _of_size(shape: Shape, value: Sized, path: str) -> Iterator[Violation]:
    yield from _of_bounds(shape, len(value), value, path, "have length")


def _of_bounds(shape: Shape, measured: float, value: object, path: str, verb: str) -> Iterator[Violation]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and measured < least:
        yield Violation(shape, "min", path, value, f"must {verb} greater than or equal to {least}")
    if most is not None and measured > most:
        yield Violation(shape, "max", path, value, f"must {verb} less than or equal to {most}")


def _join(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member
