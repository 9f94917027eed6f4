"""Scheduled faults: spot interruptions of training jobs."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
import threading
from dataclasses import dataclass
from typing import Required, TypedDict, Unpack

from werkzeug.wrappers import Response

from localcloud.http_requests import Environ, read_json

PATH = "/_localcloud/interruptions"


class InterruptionOptions(TypedDict, total=False):
    """The fields of an Interruption other than its job."""

    after_seconds: float
    after_line: str | None
    notice_seconds: float
    wait_seconds: float
    times: int


class InterruptionFields(InterruptionOptions):
    """The fields of an Interruption."""

    job: Required[str]


@dataclass(frozen=True)
class Interruption:
    """A scheduled spot interruption of a training job.

    job: fnmatch pattern over the training job's name.
    after_seconds: of training, counted from the start of the attempt that is interrupted.
    after_line: regular expression; only once a line of the job's log matches it.
    notice_seconds: between SIGTERM and SIGKILL; 0 kills at once, and checkpoints not copied by then are lost.
    wait_seconds: until capacity is available again.
    times: how many interruptions to carry out.
    """

    job: str
    after_seconds: float = 0.0
    after_line: str | None = None
    notice_seconds: float = 2.0
    wait_seconds: float = 1.0
    times: int = 1

    def __post_init__(self) -> None:
        for name in ("after_seconds", "notice_seconds", "wait_seconds"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} ({getattr(self, name)}) must not be negative")
        if self.times < 1:
            raise ValueError(f"times ({self.times}) must be at least 1")
        try:
            re.compile(self.after_line or "")
        except re.error as error:
            raise ValueError(f"after_line ({self.after_line}) is not a regular expression: {error}") from None

    @classmethod
    def from_json(cls, fields: InterruptionFields) -> Interruption:
        """ValueError that names what is wrong."""
        unknown = set(fields) - set(InterruptionFields.__annotations__)
        if unknown or "job" not in fields:
            raise ValueError(f"unknown fields {sorted(unknown)}" if unknown else "job, a pattern of names, is missing")
        return cls(**fields)

    def is_due(self, job: str, seconds: float, line: str | None) -> bool:
        if not fnmatch.fnmatchcase(job, self.job) or seconds < self.after_seconds:
            return False
        return self.after_line is None or (line is not None and re.search(self.after_line, line) is not None)


class Faults:
    """The interruptions that are scheduled and not yet carried out."""

    def __init__(self) -> None:
        self._scheduled: list[Interruption] = []
        self._lock = threading.Lock()

    def interrupt(self, job: str, **options: Unpack[InterruptionOptions]) -> None:
        """Schedule an Interruption; the options are its fields."""
        with self._lock:
            self._scheduled.append(Interruption(job, **options))

    def take(self, job: str, seconds: float, line: str | None = None) -> Interruption | None:
        """The first interruption that is due for a job that has trained for `seconds` and logged `line`.

        It then counts as carried out.
        """
        with self._lock:
            for position, interruption in enumerate(self._scheduled):
                if interruption.is_due(job, seconds, line):
                    again = interruption.times > 1
                    left = [dataclasses.replace(interruption, times=interruption.times - 1)] if again else []
                    self._scheduled[position : position + 1] = left
                    return interruption
        return None

    def waiting(self) -> list[Interruption]:
        with self._lock:
            return list(self._scheduled)

    def forget(self) -> None:
        with self._lock:
            self._scheduled.clear()

    def handle(self, environ: Environ) -> Response | None:
        """POST an interruption, GET those that are scheduled, DELETE them all."""
        if environ.get("PATH_INFO") != PATH:
            return None
        method = environ["REQUEST_METHOD"]
        if method == "POST":
            try:
                interruption = Interruption.from_json(read_json(environ))
            except (TypeError, ValueError) as error:
                return Response(json.dumps({"error": str(error)}), 400, content_type="application/json")
            with self._lock:
                self._scheduled.append(interruption)
        elif method == "DELETE":
            self.forget()
        body = [dataclasses.asdict(each) for each in self.waiting()]
        return Response(json.dumps(body), content_type="application/json")
