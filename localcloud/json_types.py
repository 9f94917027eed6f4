"""The types of JSON documents: templates, definitions, requests."""

from __future__ import annotations

from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
JsonObject: TypeAlias = dict[str, JSON]


def as_object(value: JSON) -> JsonObject:
    """`value` where only an object makes sense; TypeError for anything else."""
    if not isinstance(value, dict):
        raise TypeError(f"a JSON object is needed, found {value!r}")
    return value


def as_list(value: JSON) -> list[JSON]:
    """`value` where only a list makes sense; TypeError for anything else."""
    if not isinstance(value, list):
        raise TypeError(f"a JSON list is needed, found {value!r}")
    return value


def as_text(value: JSON) -> str:
    """`value` where only text makes sense; TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"text is needed, found {value!r}")
    return value
