"""Records of jobs, and one store per kind of job, in which names are unique."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypedDict, TypeVar

from localcloud.errors import AwsError
from localcloud.sagemaker.api.answers import now
from localcloud.sagemaker.api.tags import Tag

FINAL_STATUSES = frozenset({"Completed", "Failed", "Stopped"})


class StoppingCondition(TypedDict, total=False):
    MaxRuntimeInSeconds: int
    MaxWaitTimeInSeconds: int


class JobRequest(TypedDict, total=False):
    """Fields with the same meaning in the create requests of all kinds of jobs; not every kind has all of them."""

    Environment: dict[str, str]
    StoppingCondition: StoppingCondition
    Tags: list[Tag]


@dataclass
class Job:
    """What every kind of job has: the request as given, and its status. Hold `lock` while changing a record."""

    name: str
    arn: str
    request: JobRequest
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
        """Set the status Stopping and notify the thread that runs the job; a final status does not change."""
        with self.lock:
            if not self.is_final:
                self.set_status("Stopping")
                self.stop_requested.set()


J = TypeVar("J", bound=Job)


class JobStore(Generic[J]):
    """All jobs of one kind.

    missing: the service's error for an unknown name.
    duplicate: the service's message for a name that is taken, given the ARN of the job that has it.
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
