"""The provider of most types: turns properties into calls of the service's own API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jmespath
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, Shape, StructureShape

from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Provider,
    RefusedChangeError,
    Request,
    changed_names,
    is_gone,
)
from localcloud.cloudformation.providers.conversion import parameters
from localcloud.cloudformation.requests import Tag
from localcloud.json_types import JSON, JsonObject
from localcloud.query_protocol import service_model

Transform = Callable[[JsonObject, Request], Mapping[str, object]]


@dataclass(frozen=True)
class Tagging:
    """How a service changes the tags of a resource that exists. `arn`: jmespath into the read answer, or Ref."""

    tag: str
    untag: str
    by: str
    arn: str | None = None
    keys: str = "TagKeys"


@dataclass(frozen=True)
class ApiResource(Provider[JsonObject]):
    """A type whose properties are the parameters of its service's API, apart from their names.

    identifier: parameter that names the resource in calls; read_by, update_by and delete_by where one differs
        ("" for a read that lists all).
    scope: further identifying parameters -> the properties that give them.
    name_property: the property with the physical name; generated when absent, with `name_stem` for the stack's name.
    physical_id: jmespath in the create answer that gives Ref; the name when None.
    update_operation: None replaces on any change. Otherwise a changed property that it does not take, or that is in
        replace_on, replaces.
    transform: reshapes the properties first; then only replace_on says what replaces.
    reset: values that an update sends for properties that were removed.
    attributes: GetAtt name -> jmespath into the read answer; `found`: truthy there when the resource exists. Both may
        contain {id}.
    """

    service: str
    create_operation: str
    read_operation: str
    delete_operation: str | None
    identifier: str
    update_operation: str | None = None
    name_property: str | None = None
    name_limit: int = 63
    name_stem: str | None = None
    physical_id: str | None = None
    read_by: str | None = None
    update_by: str | None = None
    delete_by: str | None = None
    scope: Mapping[str, str] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    transform: Transform | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    found: str | None = None
    replace_on: frozenset[str] = frozenset()
    create_extra: Mapping[str, object] = field(default_factory=dict)
    read_extra: Mapping[str, object] = field(default_factory=dict)
    update_extra: Mapping[str, object] = field(default_factory=dict)
    delete_extra: Mapping[str, object] = field(default_factory=dict)
    tagging: Tagging | None = None
    lower_case_name: bool = False
    reset: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def taggable(self) -> bool:  # type: ignore[override]
        return self.tagging is not None

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        values = dict(properties)
        name: JSON = None
        if self.name_property:
            name = values.get(self.name_property)
            if name is None:
                name = request.generated_name(self.name_limit, lower=self.lower_case_name, stem=self.name_stem)
            values[self.name_property] = name
        given = {**self._parameters(request, values, self.create_operation), **self.create_extra}
        answer = self._call(request.client, self.create_operation, given)
        physical_id = name if self.physical_id is None else jmespath.search(self.physical_id, answer)
        return self.outcome(request.client, str(physical_id), values)

    def replaces(self, changed: set[str]) -> bool:
        if changed & self.replace_on:
            return True
        changed = changed - {"Tags"}
        if self.update_operation is None or self.name_property in changed:
            return bool(changed)
        if self.transform is not None:
            return False
        taken = {name.lower() for name in self._members(self.update_operation)}
        return any(self.rename.get(name, name).lower() not in taken for name in changed)

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        changed = changed_names(properties, previous)
        if self.replaces(changed):
            if self.name_property and properties.get(self.name_property) == physical_id:
                raise RefusedChangeError(
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                    f"Rename {physical_id} and update the stack again."
                )
            return self.create(request, properties)
        if changed - {"Tags"} and self.update_operation:
            self._update_in_place(request, physical_id, properties)
        self._retag(request, physical_id, properties, previous)
        return self.outcome(request.client, physical_id, properties)

    def _update_in_place(self, request: Request, physical_id: str, properties: JsonObject) -> None:
        assert self.update_operation is not None
        values = {**self.reset, **properties}
        if self.name_property:
            values[self.name_property] = physical_id
        taken = {name.lower() for name in self._members(self.update_operation)}
        reshaped = self._reshape(request, values)
        kept = {key: item for key, item in reshaped.items() if key.lower() in taken and key.lower() != "tags"}
        kept[self.update_by or self.identifier] = physical_id
        given = parameters(kept, self._input(self.update_operation), request.type)
        self._call(request.client, self.update_operation, {**given, **self.update_extra})

    def _retag(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> None:
        if self.tagging is None:
            return
        gone, new = tag_changes(request, properties, previous)
        if not gone and not new:
            return
        target = physical_id
        if self.tagging.arn:
            found = self.read(request.client, physical_id, properties)
            target = jmespath.search(self.tagging.arn.format(id=physical_id), found)
        if gone:
            self._call_by_shape(request, self.tagging.untag, {self.tagging.by: target, self.tagging.keys: gone})
        if new:
            self._call_by_shape(request, self.tagging.tag, {self.tagging.by: target, "Tags": as_tag_list(new)})

    def _call_by_shape(self, request: Request, operation: str, values: Mapping[str, object]) -> None:
        self._call(request.client, operation, parameters(values, self._input(operation), request.type))

    def delete(self, request: Request, physical_id: str, properties: JsonObject) -> None:
        if self.delete_operation is None:
            return
        identity = self._identity(self.delete_operation, self.delete_by, physical_id, properties)
        try:
            self._call(request.client, self.delete_operation, {**identity, **self.delete_extra})
        except ClientError as error:
            if not is_gone(error):
                raise

    def exists(self, client: ClientFactory, physical_id: str, properties: JsonObject) -> bool:
        try:
            answer = self.read(client, physical_id, properties)
        except ClientError as error:
            if is_gone(error):
                return False
            raise
        return self.found is None or bool(jmespath.search(self.found.format(id=physical_id), answer))

    def outcome(self, client: ClientFactory, physical_id: str, properties: JsonObject) -> Outcome:
        """Ref and attributes of a resource that exists."""
        if not self.attributes:
            return Outcome(physical_id)
        answer = self.read(client, physical_id, properties)
        values = {name: jmespath.search(path.format(id=physical_id), answer) for name, path in self.attributes.items()}
        return Outcome(physical_id, {name: value for name, value in values.items() if value is not None})

    def read(self, client: ClientFactory, physical_id: str, properties: JsonObject) -> Mapping[str, object]:
        """The service's own description of the resource."""
        identity = self._identity(self.read_operation, self.read_by, physical_id, properties)
        return self._call(client, self.read_operation, {**identity, **self.read_extra})

    def _identity(self, operation: str, by: str | None, physical_id: str, properties: JsonObject) -> dict[str, object]:
        if by == "":
            return {}
        member = by or self.identifier
        as_list = isinstance(self._members(operation)[member], ListShape)
        scope: dict[str, object] = {parameter: properties[name] for parameter, name in self.scope.items()}
        return {**scope, member: [physical_id] if as_list else physical_id}

    def _reshape(self, request: Request, properties: JsonObject) -> dict[str, object]:
        values = self.transform(properties, request) if self.transform else properties
        return {self.rename.get(key, key): item for key, item in values.items()}

    def _parameters(self, request: Request, properties: JsonObject, operation: str) -> dict[str, object]:
        values = self._reshape(request, properties)
        tags = all_tags(values, request.tags)
        values.pop("Tags", None)
        if tags and any(name.lower() == "tags" for name in self._members(operation)):
            values["Tags"] = as_tag_list(tags)
        return parameters(values, self._input(operation), request.type)

    def _members(self, operation: str) -> Mapping[str, Shape]:
        members: Mapping[str, Shape] = self._input(operation).members
        return members

    def _input(self, operation: str) -> StructureShape:
        shape = service_model(self.service).operation_model(operation).input_shape
        if shape is None:
            raise TypeError(f"{self.service}:{operation} takes no input")
        return shape

    def _call(self, client: ClientFactory, operation: str, given: Mapping[str, object]) -> Mapping[str, object]:
        answer: Mapping[str, object] = getattr(client(self.service), xform_name(operation))(**given)
        return answer


def all_tags(properties: Mapping[str, object], stack_tags: Mapping[str, str]) -> dict[str, str]:
    """The stack's tags and the resource's own, which take precedence."""
    own = properties.get("Tags")
    pairs = own if isinstance(own, dict) else {}
    if isinstance(own, list):
        pairs = {item["Key"]: item["Value"] for item in own}
    return {**stack_tags, **{key: str(value) for key, value in pairs.items()}}


def tag_changes(
    request: Request, properties: Mapping[str, object], previous: Mapping[str, object]
) -> tuple[list[str], dict[str, str]]:
    """Keys to remove and tags to set, so that a resource has its own and its stack's tags."""
    old, new = all_tags(previous, request.previous_tags), all_tags(properties, request.tags)
    return sorted(set(old) - set(new)), {key: value for key, value in new.items() if old.get(key) != value}


def as_tag_list(tags: Mapping[str, str]) -> list[Tag]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
