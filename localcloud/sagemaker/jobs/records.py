"""Records of jobs, one store per kind: unique names, lookups, filtered and paged lists."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from localcloud.errors import AwsError
from localcloud.sagemaker.jobs.validation import validation_error

FINAL_STATUSES = frozenset({"Completed", "Failed", "Stopped"})


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Job:
    """What every kind of job has: the request as given, and where it stands. Guard changes with `lock`."""

    name: str
    arn: str
    request: dict[str, Any]
    status: str = "InProgress"
    created: datetime.datetime = field(default_factory=now)
    modified: datetime.datetime = field(default_factory=now)
    started: datetime.datetime | None = None
    ended: datetime.datetime | None = None
    failure_reason: str | None = None
    stop_requested: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES

    def set_status(self, status: str, failure_reason: str | None = None) -> None:
        with self.lock:
            self.modified = now()
            self.failure_reason = failure_reason or self.failure_reason
            if status in FINAL_STATUSES:
                self.ended = self.modified
            self.status = status

    def end(self, status: str, failure_reason: str | None = None) -> None:
        """Reach a final status."""
        self.set_status(status, failure_reason)

    def request_stop(self) -> None:
        """Stopping, and on to whoever runs it; a job that has ended stays as it is."""
        with self.lock:
            if not self.is_final:
                self.set_status("Stopping")
                self.stop_requested.set()


J = TypeVar("J", bound=Job)


class JobStore(Generic[J]):
    """All jobs of one kind.

    missing: the service's error for an unknown name.    duplicate: its sentence for a taken name, given the ARN.
    """

    def __init__(self, missing: Callable[[str], AwsError], duplicate: Callable[[str], str]) -> None:
        self._jobs: dict[str, J] = {}
        self._lock = threading.Lock()
        self._missing = missing
        self._duplicate = duplicate

    def add(self, job: J) -> None:
        with self._lock:
            if job.name in self._jobs:
                raise AwsError("ResourceInUse", self._duplicate(self._jobs[job.name].arn))
            self._jobs[job.name] = job

    def get(self, name: str) -> J:
        with self._lock:
            if name not in self._jobs:
                raise self._missing(name)
            return self._jobs[name]

    def all(self) -> list[J]:
        """In the order of creation."""
        with self._lock:
            return list(self._jobs.values())


class Listed(Protocol):
    """What the filters and orders of a List operation look at."""

    name: str
    status: str
    created: datetime.datetime
    modified: datetime.datetime


L = TypeVar("L", bound=Listed)


def select(jobs: Iterable[L], query: Mapping[str, Any], default_sort: str = "CreationTime") -> list[L]:
    """The records that a List request's filters keep, in its order."""
    kept = [job for job in jobs if _keeps(job, query)]
    keys: dict[str, Callable[[L], Any]] = {
        "Name": lambda job: job.name,
        "CreationTime": lambda job: job.created,
        "Status": lambda job: job.status,
    }
    descending = query.get("SortOrder", "Ascending") == "Descending"
    return sorted(kept, key=keys[query.get("SortBy", default_sort)], reverse=descending)


def _keeps(job: Listed, query: Mapping[str, Any]) -> bool:
    moments = {"CreationTime": job.created, "LastModifiedTime": job.modified}
    for name, moment in moments.items():
        after, before = query.get(f"{name}After"), query.get(f"{name}Before")
        if after is not None and moment.timestamp() <= _epoch(after):
            return False
        if before is not None and moment.timestamp() >= _epoch(before):
            return False
    if query.get("NameContains", "").lower() not in job.name.lower():
        return False
    return query.get("StatusEquals") in (None, job.status)


def _epoch(value: float | str) -> float:
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value).timestamp()
    return float(value)


def page(items: list[Any], query: Mapping[str, Any], key: str) -> dict[str, Any]:
    """One page of `items` under `key`, with the token of the next."""
    try:
        start = int(query.get("NextToken") or 0)
    except ValueError:
        raise validation_error("Invalid NextToken: it is not one that this operation returned") from None
    end = start + int(query.get("MaxResults") or 10)
    answer: dict[str, Any] = {key: items[start:end]}
    if end < len(items):
        answer["NextToken"] = str(end)
    return answer


def present(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
