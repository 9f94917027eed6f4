"""What a resource provider is: it creates, updates, deletes and finds resources of one type."""

from __future__ import annotations

import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from localcloud.json_types import JSON

ClientFactory = Callable[[str], BaseClient]
P = TypeVar("P", bound=Mapping[str, object])  # the properties of a resource type, resolved
# Numbers and booleans that a template may also write as text.
Number: TypeAlias = int | str
Flag: TypeAlias = bool | str
Document: TypeAlias = dict[str, JSON] | str  # a policy, as an object or as its JSON text


class ProviderError(Exception):
    """A resource could not be created or changed; the message becomes the reason in the stack's events.

    physical_id: what was partly created, and must be deleted in a rollback.
    """

    def __init__(self, message: str, physical_id: str | None = None) -> None:
        super().__init__(message)
        self.physical_id = physical_id


class RefusedChangeError(ProviderError):
    """A change of a resource that was refused before anything was done."""


@dataclass(frozen=True)
class Request:
    """What a provider may use besides the properties.

    presigned: method, path and seconds -> a URL of this cloud that needs no further key.
    """

    client: ClientFactory
    logical_id: str
    type: str
    stack_name: str
    stack_id: str
    region: str
    account_id: str
    presigned: Callable[[str, str, int], str]
    tags: Mapping[str, str] = field(default_factory=dict)
    previous_tags: Mapping[str, str] = field(default_factory=dict)

    def generated_name(self, limit: int = 63, *, lower: bool = False, stem: str | None = None) -> str:
        """STACK-LOGICALID-RANDOM within `limit` characters, as CloudFormation names things; `stem` replaces STACK."""
        suffix = uuid.uuid4().hex[:12].upper()
        room = limit - len(suffix) - 2
        stem = stem or self.stack_name
        logical = self.logical_id[: max(room // 2, room - len(stem))]
        name = f"{stem[: room - len(logical)]}-{logical}-{suffix}"
        return name.lower() if lower else name


@dataclass(frozen=True)
class Outcome:
    """A resource after create or update: its physical id for Ref, and the attributes for GetAtt."""

    physical_id: str
    attributes: Mapping[str, JSON] = field(default_factory=dict)


class Provider(ABC, Generic[P]):
    """Creates, updates, deletes and finds resources of one type, whose properties are `P`."""

    taggable = False  # whether a change of the stack's tags is an update of the resource

    def replaces(self, changed: set[str]) -> bool:
        """Whether a change of these properties creates a new resource."""
        return False

    @abstractmethod
    def create(self, request: Request, properties: P) -> Outcome: ...

    def update(self, request: Request, physical_id: str, properties: P, previous: P) -> Outcome:
        """Update in place, or create a new resource (a new physical id); the caller then deletes the old one."""
        return self.create(request, properties)

    def undo(self, request: Request, before: Outcome, properties: P, applied: P) -> Outcome:
        """Update back from what was applied; what was refused was never made."""
        try:
            return self.update(request, before.physical_id, properties, applied)
        except RefusedChangeError:
            return before

    @abstractmethod
    def delete(self, request: Request, physical_id: str, properties: P) -> None:
        """Remove it; a resource that no longer exists is not an error."""

    @abstractmethod
    def exists(self, client: ClientFactory, physical_id: str, properties: P) -> bool:
        """Whether the service itself still knows it."""


AnyProvider: TypeAlias = Provider[Any]  # of a type that is known at run time only


def changed_names(properties: Mapping[str, object], previous: Mapping[str, object]) -> set[str]:
    """Names of the properties that differ."""
    return {name for name in {*properties, *previous} if properties.get(name) != previous.get(name)}


def refuse_changes(request: Request, changed: Iterable[str]) -> None:
    """RefusedChangeError names the properties of which AWS makes a change in place and this cloud does not."""
    if names := ", ".join(sorted(changed)):
        raise RefusedChangeError(f"localcloud does not emulate a change of {names} of {request.type}")


_GONE = re.compile(r"NotFound|NoSuch|NotExist|DoesNotExist|ResourceNotFound|Not Found|404|NonExistent")


def is_gone(error: ClientError) -> bool:
    """Whether the service says that there is no such resource (SageMaker: in the message of a ValidationException)."""
    details = error.response["Error"]
    if _GONE.search(details.get("Code", "")):
        return True
    return bool(
        re.search(r"could not find|does not exist|not found|no such", details.get("Message", ""), re.IGNORECASE)
    )


def answers(call: Callable[[], object]) -> bool:
    """Whether a read finds its resource."""
    try:
        call()
    except ClientError as error:
        if is_gone(error):
            return False
        raise
    return True


def ignore_gone(call: Callable[[], object]) -> None:
    """Run a delete; a resource that no longer exists is not an error."""
    answers(call)
