"""The record of one build: its status, and the phases it went through."""

from __future__ import annotations

import datetime
import threading
from dataclasses import dataclass, field

from localcloud.codebuild.requests import Project, StartBuild, Variable
from localcloud.server import Answer

IN_PROGRESS = "IN_PROGRESS"
DEFAULT_MINUTES, DEFAULT_QUEUED_MINUTES = 60, 480
"""CodeBuild's own time limits."""


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class PhaseRecord:
    """`message`: why it did not succeed."""

    kind: str
    started: datetime.datetime = field(default_factory=now)
    ended: datetime.datetime | None = None
    status: str = IN_PROGRESS
    code: str = ""
    message: str = ""

    def answer(self) -> dict[str, object]:
        answer: dict[str, object] = {"phaseType": self.kind, "startTime": self.started, "phaseStatus": self.status}
        if self.kind == "COMPLETED":
            return {"phaseType": self.kind, "startTime": self.started}
        if self.ended:
            answer["endTime"] = self.ended
            answer["durationInSeconds"] = int((self.ended - self.started).total_seconds())
        answer["contexts"] = [{"statusCode": self.code, "message": self.message}]
        return answer


@dataclass
class Build:
    """`id`: `project:uuid`. The project is as it was when the build was started."""

    id: str
    arn: str
    number: int
    project: Project
    request: StartBuild
    initiator: str
    log_group: str
    log_stream: str
    console: str
    status: str = IN_PROGRESS
    started: datetime.datetime = field(default_factory=now)
    ended: datetime.datetime | None = None
    phases: list[PhaseRecord] = field(default_factory=list)
    stop_requested: threading.Event = field(default_factory=threading.Event)

    @property
    def variables(self) -> dict[str, str]:
        """The project's variables with those of StartBuild over them."""
        given = self.project.get("environment", {}).get("environmentVariables", [])
        return {item["name"]: item["value"] for item in (*given, *self.request.get("environmentVariablesOverride", []))}

    @property
    def minutes(self) -> int:
        return self.request.get("timeoutInMinutesOverride") or self.project.get("timeoutInMinutes", DEFAULT_MINUTES)

    @property
    def queued_minutes(self) -> int:
        own = self.request.get("queuedTimeoutInMinutesOverride")
        return own or self.project.get("queuedTimeoutInMinutes", DEFAULT_QUEUED_MINUTES)

    @property
    def current_phase(self) -> str:
        return self.phases[-1].kind if self.phases else "SUBMITTED"

    def begin(self, kind: str) -> PhaseRecord:
        self.phases.append(PhaseRecord(kind))
        return self.phases[-1]

    def end(self, status: str) -> None:
        self.begin("COMPLETED")
        self.ended = now()
        self.status = status

    def answer(self) -> Answer:
        """As BatchGetBuilds describes it."""
        environment = dict(self.project.get("environment", {}))
        environment["environmentVariables"] = [
            Variable(name=name, value=value, type="PLAINTEXT") for name, value in self.variables.items()
        ]
        answer: dict[str, object] = {
            "id": self.id,
            "arn": self.arn,
            "buildNumber": self.number,
            "projectName": self.project["name"],
            "startTime": self.started,
            "currentPhase": self.current_phase,
            "buildStatus": self.status,
            "buildComplete": self.ended is not None,
            "initiator": self.initiator,
            "source": self.project.get("source", {}),
            "environment": environment,
            "serviceRole": self.project.get("serviceRole", ""),
            "timeoutInMinutes": self.minutes,
            "queuedTimeoutInMinutes": self.queued_minutes,
            "phases": [phase.answer() for phase in self.phases],
            "logs": {"groupName": self.log_group, "streamName": self.log_stream, "deepLink": self.console},
        }
        return {**answer, "endTime": self.ended} if self.ended else answer
