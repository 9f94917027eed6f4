"""What CloudFormation remembers: stacks, their resources, events and change sets."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from localcloud.cloudformation.template import ResourceDefinition, Template
from localcloud.json_types import JsonObject


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Output(TypedDict):
    """An output of a stack, as DescribeStacks shows it."""

    OutputKey: str
    OutputValue: str
    Description: NotRequired[str]
    ExportName: NotRequired[str]


class ResourceChange(TypedDict):
    """What a change set does to one resource.

    Replacement is there for modifications only, PolicyAction where the present resource goes.
    """

    Action: str
    LogicalResourceId: str
    ResourceType: str
    Scope: list[str]
    Details: list[JsonObject]
    PhysicalResourceId: NotRequired[str]
    Replacement: NotRequired[str]
    PolicyAction: NotRequired[str]


class Change(TypedDict):
    """An entry of a change set."""

    Type: str
    ResourceChange: ResourceChange


@dataclass
class Resource:
    """A resource of a stack. `properties` are resolved: as the provider was last given them."""

    logical_id: str
    type: str
    definition: ResourceDefinition
    properties: JsonObject = field(default_factory=dict)
    attributes: JsonObject = field(default_factory=dict)
    physical_id: str | None = None
    status: str = ""
    reason: str | None = None
    changed: datetime.datetime = field(default_factory=now)


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str | None
    token: str | None
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    time: datetime.datetime = field(default_factory=now)


@dataclass
class Version:
    """The desired state of a stack: its template and the inputs."""

    body: str
    template: Template
    parameter_texts: dict[str, str]
    parameters: JsonObject
    tags: dict[str, str]
    capabilities: list[str] = field(default_factory=list)


@dataclass
class ChangeSet:
    """A planned version of a stack and what it would change."""

    name: str
    arn: str
    kind: str
    version: Version
    changes: list[Change]
    status: str
    reason: str | None
    description: str | None
    execution_status: str
    on_failure: str | None
    created: datetime.datetime = field(default_factory=now)


@dataclass
class Stack:
    """A stack from its first change set to after its deletion."""

    name: str
    arn: str
    status: str
    version: Version | None = None
    reason: str | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    role_arn: str | None = None
    notification_arns: list[str] = field(default_factory=list)
    termination_protection: bool = False
    disable_rollback: bool = False
    token: str | None = None
    created: datetime.datetime = field(default_factory=now)
    updated: datetime.datetime | None = None
    deleted: datetime.datetime | None = None

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Change the stack's own status and write it into the history."""
        self.status, self.reason = status, reason
        self.events.append(Event(self.name, self.arn, "AWS::CloudFormation::Stack", status, reason, self.token))

    def set_resource(self, resource: Resource, status: str, reason: str | None = None) -> None:
        """Change a resource's status and write it into the history."""
        resource.status, resource.reason, resource.changed = status, reason, now()
        self.events.append(
            Event(resource.logical_id, resource.physical_id or "", resource.type, status, reason, self.token)
        )

    @property
    def busy(self) -> bool:
        """Whether an operation is in progress."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"
