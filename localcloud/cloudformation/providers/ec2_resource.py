"""The provider of most EC2 types: created with tags under its kind, found by its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jmespath
from botocore import xform_name
from botocore.client import BaseClient

from localcloud.cloudformation.providers.api_resource import all_tags, as_tag_list, tag_changes
from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    P,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
    refuse_changes,
)
from localcloud.cloudformation.providers.conversion import parameters
from localcloud.query_protocol import service_model

Modify = Callable[[BaseClient, str, P], None]


@dataclass(frozen=True)
class Ec2Resource(Provider[P]):
    """A type of EC2: created with tags under its kind, found by its id.

    path: jmespath of the id in the create answer. create_only: properties of which a change replaces. settings: those
    that `modify` sets by separate calls, at creation and in place. A change of any other is refused by name: AWS makes
    it in place, which is not emulated.
    """

    create_operation: str
    delete_operation: str
    read_operation: str
    identifier: str
    path: str
    kind: str
    read_by: str = ""
    found: str = ""
    create_only: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    modify: Modify[P] | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    taggable = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & self.create_only)

    def create(self, request: Request, properties: P) -> Outcome:
        ec2 = request.client("ec2")
        own = {self.rename.get(key, key): item for key, item in properties.items() if key not in self.settings}
        own.pop("Tags", None)
        shape = service_model("ec2").operation_model(self.create_operation).input_shape
        assert shape is not None
        given = parameters(own, shape, request.type)
        tags = as_tag_list(all_tags(properties, request.tags))
        if tags:
            given["TagSpecifications"] = [{"ResourceType": self.kind, "Tags": tags}]
        answer = getattr(ec2, xform_name(self.create_operation))(**given)
        physical_id = jmespath.search(self.path, answer)
        if self.modify:
            self.modify(ec2, physical_id, properties)
        return self._outcome(request.client, physical_id)

    def update(self, request: Request, physical_id: str, properties: P, previous: P) -> Outcome:
        changed = changed_names(properties, previous)
        if self.replaces(changed):
            return self.create(request, properties)
        ec2 = request.client("ec2")
        self._change(request, physical_id, properties, previous)
        gone, new = tag_changes(request, properties, previous)
        if gone:
            ec2.delete_tags(Resources=[physical_id], Tags=[{"Key": key} for key in gone])
        if new:
            ec2.create_tags(Resources=[physical_id], Tags=as_tag_list(new))
        return self._outcome(request.client, physical_id)

    def _change(self, request: Request, physical_id: str, properties: P, previous: P) -> None:
        changed = changed_names(properties, previous) - {"Tags"}
        refuse_changes(request, changed - self.settings)
        if self.modify and changed:
            self.modify(request.client("ec2"), physical_id, properties)

    def _outcome(self, client: ClientFactory, physical_id: str) -> Outcome:
        if not self.attributes:
            return Outcome(physical_id)
        answer = self._read(client, physical_id)
        return Outcome(physical_id, {name: jmespath.search(path, answer) for name, path in self.attributes.items()})

    def _read(self, client: ClientFactory, physical_id: str) -> Mapping[str, object]:
        call = getattr(client("ec2"), xform_name(self.read_operation))
        answer: Mapping[str, object] = call(**{self.read_by or f"{self.identifier}s": [physical_id]})
        return answer

    def delete(self, request: Request, physical_id: str, properties: P) -> None:
        call = getattr(request.client("ec2"), xform_name(self.delete_operation))
        plural = self.identifier.endswith("s")
        ignore_gone(lambda: call(**{self.identifier: [physical_id] if plural else physical_id}))

    def exists(self, client: ClientFactory, physical_id: str, properties: P) -> bool:
        found: list[Mapping[str, object]] = []
        if not answers(lambda: found.append(self._read(client, physical_id))):
            return False
        return not self.found or bool(jmespath.search(self.found, found[0]))
