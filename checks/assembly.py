"""A synthesized assembly as one graph of resources, with references resolved across stacks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

EXPECTED = "Kennel::Controls"
TEMPLATES = "*.template.json"

Template = dict[str, Any]


class AssemblyError(ValueError):
    """The folder is not an assembly of this app; the message says what to do."""


@dataclass(frozen=True)
class Resource:
    """`properties` are resolved: a reference becomes `${Stack/LogicalId}` or `${Stack/LogicalId.Attribute}`."""

    stack: str
    name: str
    kind: str
    properties: Any
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def label(self) -> str:
        return f"{self.stack}/{self.name}"

    @property
    def ref(self) -> str:
        return f"${{{self.label}}}"

    def get(self, path: str, default: Any = None) -> Any:
        """The property at `path` (`A.B`), or `default`."""
        return dig(self.properties, path, default)

    def points_at(self, value: Any) -> bool:
        """Whether `value` is a reference to this resource, or to one of its attributes."""
        return isinstance(value, str) and value.startswith((f"${{{self.label}}}", f"${{{self.label}."))


class Assembly:
    """Stack name -> template. `expected` says which controls the environment requires; the stacks write it."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        if not templates:
            raise AssemblyError(
                "the folder does not contain templates: synthesize first, for example with `kennel synth`"
            )
        self.templates = templates

    @classmethod
    def load(cls, folder: Path) -> Assembly:
        """Raises AssemblyError for a folder without templates."""
        paths = sorted(folder.glob(TEMPLATES))
        return cls({path.name.removesuffix(".template.json"): json.loads(path.read_text()) for path in paths})

    @cached_property
    def expected(self) -> Mapping[str, Any]:
        for template in self.templates.values():
            if EXPECTED in template.get("Metadata", {}):
                expected: Mapping[str, Any] = template["Metadata"][EXPECTED]
                return expected
        raise AssemblyError(
            f"no template states which controls its environment requires (Metadata {EXPECTED}): synthesize with app.py"
        )

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(
            Resource(stack, name, raw["Type"], self.resolve(raw.get("Properties", {}), stack), raw)
            for stack, template in self.templates.items()
            for name, raw in template.get("Resources", {}).items()
        )

    def of(self, *kinds: str) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.kind in kinds)

    def at(self, reference: Any, *kinds: str) -> Resource | None:
        """The resource of one of `kinds` that `reference` points at."""
        return next((resource for resource in self.of(*kinds) if resource.points_at(reference)), None)

    @cached_property
    def _exports(self) -> dict[str, tuple[str, Any]]:
        return {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in self.templates.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def resolve(self, value: Any, stack: str) -> Any:
        """`value` with its intrinsic functions evaluated as far as a template allows."""
        if isinstance(value, list):
            return [self.resolve(item, stack) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, argument), *_ = value.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._intrinsic(key, argument, stack)
        return {key: self.resolve(item, stack) for key, item in value.items() if item != {"Ref": "AWS::NoValue"}}

    def _intrinsic(self, key: str, argument: Any, stack: str) -> Any:
        if key == "Ref":
            return f"${{{argument}}}" if argument.startswith("AWS::") else f"${{{stack}/{argument}}}"
        if key == "Fn::GetAtt":
            name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return f"${{{stack}/{name}.{attribute}}}"
        if key == "Fn::ImportValue":
            home, exported = self._exports.get(self.resolve(argument, stack), (stack, f"${{import {argument}}}"))
            return self.resolve(exported, home)
        if key == "Fn::Join":
            return argument[0].join(str(self.resolve(item, stack)) for item in argument[1])
        if key == "Fn::Sub":
            text = argument if isinstance(argument, str) else argument[0]
            return re.sub(r"\$\{([^}]*)\}", lambda found: self._intrinsic("Ref", found[1], stack), text)
        return {key: self.resolve(argument, stack)}


def dig(value: Any, path: str, default: Any = None) -> Any:
    """The member of nested dicts at `path` (`A.B`), or `default`."""
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return default
        value = value[part]
    return value


def as_list(value: Any) -> list[Any]:
    """`value` as a list: IAM and CloudFormation may write a single item without one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
