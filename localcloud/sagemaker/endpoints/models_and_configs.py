"""Models and endpoint configurations: records that never change once they are created."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from localcloud.context import Cloud
from localcloud.sagemaker.api.answers import echoed, now
from localcloud.sagemaker.api.listing import ListQuery, page, select
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.containers.models import Model
from localcloud.sagemaker.endpoints.requests import EndpointConfig

R = TypeVar("R", Model, EndpointConfig)


@dataclass
class Record(Generic[R]):
    """One model or configuration: the request that created it, kept whole."""

    name: str
    arn: str
    request: R
    status: str = ""
    created: datetime.datetime = field(default_factory=now)
    modified: datetime.datetime = field(default_factory=now)


class RecordStore(Generic[R]):
    """All records of one kind ("Model" or "EndpointConfig") and the operations on them.

    noun: the kind in the service's messages.
    check: refuses a create request with an AwsError.
    """

    def __init__(self, cloud: Cloud, tags: Tags, kind: str, noun: str, check: Callable[[R], None]) -> None:
        self._kind = kind
        self._noun = noun
        self._check: Callable[[R], None] = check
        self._tags = tags
        self._prefix = f"arn:aws:sagemaker:{cloud.region}:{cloud.account_id}:{noun.replace(' ', '-')}/"
        self._records: dict[str, Record[R]] = {}
        self._lock = threading.Lock()

    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            f"Create{self._kind}": self._create,
            f"Describe{self._kind}": self._describe,
            f"Delete{self._kind}": self._delete,
            f"List{self._kind}s": self._list,
        }

    def get(self, name: str) -> Record[R]:
        """The record; the service's ValidationException if it does not exist."""
        record = self._records.get(name)
        if record is None:
            raise validation_error(f'Could not find {self._long_noun} "{self._prefix}{name.lower()}".')
        return record

    @property
    def _long_noun(self) -> str:
        return self._noun.replace("config", "configuration")

    def _name(self, request: Mapping[str, object]) -> str:
        return str(request[f"{self._kind}Name"])

    def _create(self, request: R) -> Answer:
        name = self._name(request)
        arn = f"{self._prefix}{name.lower()}"
        self._check(request)
        with self._lock:
            if name in self._records:
                raise validation_error(f'Cannot create already existing {self._long_noun} "{arn}".')
            self._records[name] = Record(name, arn, request)
        self._tags.add(arn, request.get("Tags", []))
        return {f"{self._kind}Arn": arn}

    def _describe(self, request: Mapping[str, object]) -> Answer:
        record = self.get(self._name(request))
        fields: dict[str, object] = {"EnableNetworkIsolation": False, **record.request}
        fields |= {f"{self._kind}Arn": record.arn, "CreationTime": record.created}
        return echoed(fields, f"Describe{self._kind}")

    def _delete(self, request: Mapping[str, object]) -> None:
        record = self.get(self._name(request))
        with self._lock:
            self._records.pop(record.name, None)
        self._tags.forget(record.arn)

    def _list(self, query: ListQuery) -> Answer:
        kind = self._kind
        found = select(list(self._records.values()), query, sort_order="Descending")
        rows = [{f"{kind}Name": each.name, f"{kind}Arn": each.arn, "CreationTime": each.created} for each in found]
        return page(rows, query, f"{kind}s")
