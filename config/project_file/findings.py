"""What a check of the configuration found, as sentences with file, line, field and fix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.app import AppConfig
from config.base import ConfigError, nearest
from config.project_file.layers import Layers
from config.project_file.reader import Document, Path_

_KINDS = ("continuous", "integer", "categorical")
_FIELD = re.compile(r"[a-z_]+(\.[\w-]+)*")
_MUST_BE = {
    "int_type": "a whole number", "int_parsing": "a whole number", "int_from_float": "a whole number",
    "float_type": "a number", "float_parsing": "a number", "bool_type": "true or false",
    "bool_parsing": "true or false", "string_type": "a text", "tuple_type": "a list", "list_type": "a list",
    "dict_type": "keys with values", "model_type": "keys with values", "model_attributes_type": "keys with values",
}  # fmt: skip
"""Type of a pydantic error -> what the value must be."""
_PATTERNS = {
    "account": "the 12 digits of an AWS account, in quotes",
    "region": "an AWS region such as eu-central-1",
    "project": "lower case letters, digits and single hyphens, a letter first",
    "environment": "lower case letters and digits, a letter first",
    "vpc_id": "the id of a VPC such as vpc-0123456789abcdef0",
    "subnet_ids": "the id of a subnet such as subnet-0123456789abcdef0",
    "security_group_ids": "the id of a security group such as sg-0123456789abcdef0",
    "zone_ids": "the id of a zone such as use1-az4",
}


class Findings:
    """Sentences for one environment of one file."""

    def __init__(self, document: Document, environment: str, layers: Layers) -> None:
        self._document, self._environment, self._layers = document, environment, layers

    def explain(self, error: ValidationError) -> ConfigError:
        """One line per finding."""
        return ConfigError("\n".join(self._sentence(item) for item in error.errors()))

    def _sentence(self, item: ErrorDetails) -> str:
        path = self._path(item["loc"])
        kind, value = item["type"], item["input"]
        message = item["msg"].removeprefix("Value error, ")
        name = ".".join(self._in_file(path))
        if path == ("environment",):
            return f"{self._where(path)}: environments.{value}: a name must be {_PATTERNS['environment']}"
        if kind == "value_error" and not path:
            begins = _FIELD.match(message)
            field = tuple(begins[0].split(".")) if begins else ()
            return f"{self._where(field)}: {'.'.join(self._in_file(field))}{message[len(begins[0]) if begins else 0 :]}"
        if kind == "value_error":
            return f"{self._where(path)}: {name}: {message}"
        if kind == "extra_forbidden":
            text = f"{name} is not a known key; {self._known(path)}"
        elif kind == "missing":
            text = f"{name} is missing: add it"
        elif kind == "literal_error":
            choices = re.findall(r"'([^']*)'", item["ctx"]["expected"])
            text = f"{name} is {value!r}; {nearest(str(value), choices)}"
        elif value is None:
            text = f"{name} is empty: write a value, or leave the key out"
        else:
            text = f"{name} is {value!r}; it must be {self._must_be(path, item)}"
        return f"{self._where(path)}: {text}"

    def _path(self, loc: Sequence[int | str]) -> Path_:
        """Of the resolved tree: data sets and models by name, without the kind of a range."""
        parts = [str(part) for part in loc]
        if len(parts) > 1 and parts[0] in ("datasets", "models"):
            parts[1] = list(self._layers.values[parts[0]])[int(parts[1])]
        if "space" in parts:
            at = parts.index("space") + 2
            parts[at : at + 1] = [part for part in parts[at : at + 1] if part not in _KINDS]
        return tuple(parts)

    def _in_file(self, path: Path_) -> Path_:
        """Where the value stands in the file, or would stand."""
        if not path or path[0] in ("datasets", "models", "project"):
            return path
        if path[:1] == ("notify",) and "notify" not in self._document.values["environments"][self._environment]:
            return path
        return ("environments", self._environment, *path)

    def _where(self, path: Path_) -> str:
        """`kennel.yaml:12`: of the value where the file says it, else of the nearest key above it."""
        origin = self._layers.origin(path)
        if origin and origin.startswith(self._document.path.name):
            return origin
        return self._document.where(self._in_file(path))

    def _known(self, path: Path_) -> str:
        """The nearest key of the mapping in which the last part of `path` stands."""
        model = _model_at(path[:-1])
        fields = model.model_fields if model else {}
        keys = {(field.alias or name): name for name, field in fields.items()}
        for key, name in keys.items():
            if name == path[-1]:
                return f"did you mean {key}?"
        hidden = {"name"} if path[0] in ("datasets", "models") and len(path) == 3 else {"prices"}
        return nearest(path[-1], [key for key in keys if key not in hidden])

    def _must_be(self, path: Path_, item: ErrorDetails) -> str:
        key = next(part for part in reversed(path) if not part.isdigit())
        if key in _PATTERNS and item["type"] in ("string_pattern_mismatch", "string_type"):
            return _PATTERNS[key]
        if item["type"] in _MUST_BE:
            return _MUST_BE[item["type"]]
        return re.sub(r"^(Input|String|Tuple) should (be|have) ", "", item["msg"])


def _model_at(path: Path_) -> type[BaseModel] | None:
    """The config model whose fields stand at a path of the resolved tree."""
    model: type[BaseModel] | None = AppConfig
    rest = list(path)
    while rest and model is not None:
        part = rest.pop(0)
        if part in ("datasets", "models") and model is AppConfig and rest:
            rest.pop(0)
        field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
        model = _model_in(field.annotation) if field else None
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The config model that an annotation holds, such as the X of `tuple[X, ...]` or `X | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = getattr(annotation, "__args__", ())
    return next((found for part in arguments if (found := _model_in(part)) is not None), None)
