"""What all of Studio's records have in common: an ARN, the fields of their describe answer, tags, one lock."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.api.answers import echoed, now
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.tags import Tag, Tags


class Tagged(TypedDict, total=False):
    Tags: list[Tag]


@dataclass(frozen=True)
class Record:
    """A domain, profile, space, app or configuration. `fields`: its describe answer."""

    arn: str
    fields: dict[str, object]


class Recorder:
    """Makes records, and serializes the operations on them."""

    def __init__(self, cloud: Cloud, tags: Tags) -> None:
        self._prefix = f"arn:aws:sagemaker:{cloud.region}:{cloud.account_id}"
        self.tags = tags
        self.lock = threading.RLock()

    def locked(self, operation: Operation) -> Operation:
        @functools.wraps(operation)
        def answer(request: Mapping[str, object]) -> Answer | None:
            with self.lock:
                return operation(request)

        return answer

    def record(self, kind: str, resource: str, request: Mapping[str, object], tags: list[Tag]) -> Record:
        arn = f"{self._prefix}:{resource}"
        self.tags.add(arn, tags)
        moment = now()
        times = {"CreationTime": moment, "LastModifiedTime": moment}
        return Record(arn, {**echoed(request, f"Describe{kind}"), f"{kind}Arn": arn, **times})


def missing(kind: str, name: str) -> AwsError:
    return AwsError("ResourceNotFound", f"{kind} [{name}] does not exist.")


def selected(record: Record, names: tuple[str, ...]) -> dict[str, object]:
    return {name: record.fields[name] for name in names if name in record.fields}


def change(record: Record, changes: Mapping[str, object]) -> None:
    """Merge nested settings, as the service's updates do, and replace all other fields."""
    for name, value in changes.items():
        old = record.fields.get(name)
        record.fields[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    record.fields["LastModifiedTime"] = now()
