"""A synthesized assembly as one graph of resources, with references resolved across stacks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

EXPECTED = "Kennel::Controls"
NO_VALUE = "${AWS::NoValue}"
SUFFIX = ".template.json"
TEMPLATES = f"*{SUFFIX}"
_PARTITION = re.compile(r"arn:aws-[a-z-]+:")

Template = dict[str, Any]
T = TypeVar("T")


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

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Every text in the properties."""
        return tuple(texts(self.properties))

    def get(self, path: str, default: Any = None) -> Any:
        """The property at `path` (`A.B`), or `default`."""
        return dig(self.properties, path, default)

    def points_at(self, value: Any) -> bool:
        """Whether `value` is a reference to this resource, or to one of its attributes."""
        return isinstance(value, str) and value.startswith((f"${{{self.label}}}", f"${{{self.label}."))


class Assembly:
    """Stack name -> template. `expected` says which controls the environment requires; the stacks write it.

    `branch` is the answer to every condition of an Fn::If: a value that a condition hides is seen in one of the two.
    `asset_buckets`: where the CDK publishes the assets, by the manifests beside the templates.
    """

    def __init__(
        self, templates: Mapping[str, Template], *, branch: bool = True, asset_buckets: Collection[str] = ()
    ) -> None:
        if not templates:
            raise AssemblyError(
                "the folder does not contain templates: synthesize first, for example with `kennel synth`"
            )
        self.templates, self.branch, self.asset_buckets = templates, branch, asset_buckets
        self.memory: dict[Any, Any] = {}

    @classmethod
    def load(cls, folder: Path) -> Assembly:
        """Raises AssemblyError for a folder without templates."""
        return cls.read(sorted(folder.glob(TEMPLATES)))

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Assembly:
        """The templates in these files. In other partitions ARNs begin otherwise, but mean the same: they are read as
        those of partition aws."""
        templates, buckets = {}, set()
        for path in paths:
            stack = path.name.removesuffix(SUFFIX)
            templates[stack] = json.loads(_PARTITION.sub("arn:aws:", path.read_text()))
            manifest = path.with_name(f"{stack}.assets.json")
            files = json.loads(manifest.read_text())["files"] if manifest.exists() else {}
            buckets |= {place["bucketName"] for file in files.values() for place in file["destinations"].values()}
        return cls(templates, asset_buckets=buckets)

    def branches(self) -> Iterator[Assembly]:
        """This assembly, and the other branch if a template has one."""
        yield self
        if any(has_key(template.get("Resources"), "Fn::If") for template in self.templates.values()):
            yield Assembly(self.templates, branch=not self.branch, asset_buckets=self.asset_buckets)

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

    @cached_property
    def _by_kind(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.kind, []).append(resource)
        return found

    @cached_property
    def _by_label(self) -> dict[str, Resource]:
        return {resource.label: resource for resource in self.resources}

    def of(self, *kinds: str) -> Iterator[Resource]:
        return (resource for kind in kinds for resource in self._by_kind.get(kind, ()))

    def at(self, reference: Any, *kinds: str) -> Resource | None:
        """The resource of one of `kinds` (of any kind if there are none) that `reference` points at."""
        label = re.match(r"\$\{([^}.]+)[.}]", reference) if isinstance(reference, str) else None
        found = self._by_label.get(label[1]) if label else None
        return found if found and (not kinds or found.kind in kinds) else None

    def exactly(self, reference: Any, *kinds: str) -> Resource | None:
        """The same of a value that is one reference and nothing else: no version, no path."""
        whole = isinstance(reference, str) and re.fullmatch(r"\$\{[^}]*\}", reference)
        return self.at(reference, *kinds) if whole else None

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
            return [found for item in value if (found := self.resolve(item, stack)) != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, argument), *_ = value.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._intrinsic(key, argument, stack)
        return {key: found for key, item in value.items() if (found := self.resolve(item, stack)) != NO_VALUE}

    def _intrinsic(self, key: str, argument: Any, stack: str) -> Any:
        if key == "Ref" and argument == "AWS::Partition":
            return "aws"
        if key == "Ref":
            return f"${{{argument}}}" if argument.startswith("AWS::") else f"${{{stack}/{argument}}}"
        if key == "Fn::GetAtt":
            name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return f"${{{stack}/{name}.{attribute}}}"
        if key == "Fn::ImportValue":
            home, exported = self._exports.get(str(self.resolve(argument, stack)), (stack, f"${{import {argument}}}"))
            return self.resolve(exported, home)
        if key == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
            return self.resolve(argument[1 if self.branch else 2], stack)
        if key == "Fn::Sub":
            return self._substituted(argument, stack)
        return self._computed(key, self.resolve(argument, stack), stack)

    def _substituted(self, argument: Any, stack: str) -> str:
        text, values = argument if isinstance(argument, list) else (argument, {})

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in values:
                return str(self.resolve(values[name], stack))
            return str(self._intrinsic("Fn::GetAtt" if "." in name else "Ref", name, stack))

        return re.sub(r"\$\{([^}]*)\}", fill, text)

    def _computed(self, key: str, argument: Any, stack: str) -> Any:
        """Functions of what is known; the function itself where it is not."""
        known = isinstance(argument, list) and all(isinstance(item, (str, int, list)) for item in argument)
        if key == "Fn::Join" and isinstance(argument[1], list):
            return argument[0].join(str(item) for item in argument[1])
        if key == "Fn::Select" and known and isinstance(argument[1], list) and int(argument[0]) < len(argument[1]):
            return argument[1][int(argument[0])]
        if key == "Fn::Split" and known and isinstance(argument[1], str) and "${" not in argument[1]:
            return argument[1].split(argument[0])
        if key == "Fn::FindInMap" and known:
            found = dig(self.templates[stack].get("Mappings", {}), ".".join(map(str, argument)))
            return {key: argument} if found is None else found
        return {key: argument}


def once(find: Callable[[Resource, Assembly], T]) -> Callable[[Resource, Assembly], T]:
    """Remember for each resource of an assembly what `find` says of it: many controls ask the same."""

    def remembered(resource: Resource, assembly: Assembly) -> T:
        key = find, resource.label
        if key not in assembly.memory:
            assembly.memory[key] = find(resource, assembly)
        found: T = assembly.memory[key]
        return found

    return remembered


def has_key(value: Any, name: str) -> bool:
    """Whether a dict at any depth has the key `name`."""
    if isinstance(value, dict):
        return name in value or any(has_key(item, name) for item in value.values())
    return isinstance(value, list) and any(has_key(item, name) for item in value)


def texts(value: Any) -> Iterator[str]:
    """Every text at any depth, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


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
