"""Executions of the pipeline: start, follow, list, show, stop."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.runs import jobs
from kennel.runs.history import Event, Job, Visit, read_visits
from lambdas.common.errors import Refused
from lambdas.plan_run import request
from pipeline.specs import run_specs

FINAL = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True)
class Run:
    """One execution. Times are ISO 8601 in UTC; `seconds` is the time until its end, or until now."""

    name: str
    arn: str
    status: str
    started: str
    seconds: float
    input: Mapping[str, Any]
    output: Any = None
    error: str | None = None
    cause: str | None = None
    visits: tuple[Visit, ...] = field(default=(), repr=False)

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


def start(
    session: Session,
    *,
    models: list[str],
    dataset: str | None = None,
    tune: bool | None = None,
    hyperparameters: Mapping[str, Mapping[str, Any]] | None = None,
    trained: Mapping[str, str] | None = None,
    instances: int | None = None,
    renamed: Mapping[str, str] | None = None,
    replace_labels: bool = False,
    publish_staged: bool = False,
    promote: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> str:
    """Start an execution and return its name. Everything left out is the environment's default.

    With `publish_staged` nothing is trained: the versions that wait for the endpoint are tested and published. With
    `promote` neither: it names a version of another environment, whose files lie in the run's folder of this `name`.
    `trained` maps a model to the URI of an artifact that is evaluated in place of a training's. `instances` of each
    final training share its batches. Raises KennelError for several whose traffic would not be encrypted.
    """
    document: dict[str, Any] = {}
    if models:
        document["models"] = models
    if dataset:
        document["dataset"] = dataset
    if tune is not None:
        document["tune"] = tune
    if hyperparameters:
        document["hyperparameters"] = {model: dict(values) for model, values in hyperparameters.items()}
    if trained:
        document["trained"] = dict(trained)
    if instances is not None:
        _require_encrypted(session, instances)
        document["instances"] = instances
    if renamed:
        document["as"] = dict(renamed)
    if replace_labels:
        document["replace_labels"] = True
    if publish_staged:
        document["publish_staged"] = True
    if promote:
        document["promote"] = dict(promote)
    name = name or new_name()
    session.client("stepfunctions").start_execution(
        stateMachineArn=session.output("StateMachineArn"), name=name, input=json.dumps(document)
    )
    return name


def _require_encrypted(session: Session, instances: int) -> None:
    try:
        request.require_encrypted(instances, run_specs(session.config))
    except Refused as error:
        raise KennelError(str(error)) from None


def new_name() -> str:
    """By time, for people; two names of the same second differ."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"


def arn(session: Session, name: str) -> str:
    return session.output("StateMachineArn").replace(":stateMachine:", ":execution:") + f":{name}"


def latest(session: Session) -> str:
    """The name of the newest execution. Raises KennelError if there is none."""
    found = names(session, limit=1)
    if not found:
        raise KennelError("there is no execution yet: start one with `kennel pipeline start`")
    return found[0]


def names(session: Session, *, limit: int = 20) -> list[str]:
    """Names of the newest executions, newest first."""
    answer = session.client("stepfunctions").list_executions(
        stateMachineArn=session.output("StateMachineArn"), maxResults=limit
    )
    ordered = sorted(answer["executions"], key=lambda item: item["startDate"], reverse=True)
    return [item["name"] for item in ordered[:limit]]


def describe(session: Session, name: str, *, history: bool = True) -> Run:
    """The execution as it is now. Raises KennelError if there is none of that name."""
    client, execution = session.client("stepfunctions"), arn(session, name)
    try:
        answer = client.describe_execution(executionArn=execution)
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
        known = ", ".join(names(session, limit=5)) or "none"
        raise KennelError(f"there is no execution {name}; the newest are: {known}") from None
    started, stopped = answer["startDate"], answer.get("stopDate") or datetime.now(UTC)
    return Run(
        name=answer["name"],
        arn=execution,
        status=answer["status"],
        started=started.astimezone(UTC).isoformat(timespec="seconds"),
        seconds=round((stopped - started).total_seconds(), 1),
        input=json.loads(answer.get("input") or "{}"),
        output=json.loads(answer["output"]) if answer.get("output") else None,
        error=answer.get("error"),
        cause=answer.get("cause"),
        visits=tuple(read_visits(_events(client, execution))) if history else (),
    )


def follow(session: Session, name: str, *, seconds: float = 1.0) -> Iterator[Run]:
    """Describe the execution repeatedly until it is final; the final description comes last."""
    while True:
        run = describe(session, name)
        yield run
        if run.is_final:
            return
        time.sleep(seconds)


def stop(session: Session, name: str, *, reason: str) -> list[Job]:
    """Stop an execution and return those of its jobs that had to be stopped here.

    Step Functions stops the jobs of its optimized integration, but not those of the SDK integration.
    """
    session.client("stepfunctions").stop_execution(
        executionArn=arn(session, name), error="StoppedByUser", cause=reason[:32000]
    )
    made = [visit.job for visit in describe(session, name).visits if visit.job and not visit.is_poll]
    return [job for job in made if jobs.stop(session, job)]


def _events(client: Any, execution: str) -> list[Event]:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]
