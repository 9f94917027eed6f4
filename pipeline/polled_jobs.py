"""A SageMaker job that the state machine creates by the SDK integration and polls until it has ended.

For jobs with a field that the optimized integration is not known to accept: one unknown field there fails the
deployment. The results look like those of the optimized integration: the job's description, or States.TaskFailed.
Step Functions does not stop such a job, so the states stop it at its limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.tasks import SDK_SAGEMAKER, State, task

API_TIMEOUT_SECONDS = 60
FIRST, STEP = "$.run.polling.first_seconds", "$.run.polling.step_seconds"
"""How long the first wait takes, and by how much each is longer than the one before: PlanRun chooses both."""

DESCRIBED = "$.described"
"""Where the job's description is left for what follows, which has to `forget` it: states stay small."""

_JOB = "$.job"


@dataclass(frozen=True)
class Creation:
    """What a state sends to Create<noun>."""

    parameters: State
    comment: str


@dataclass(frozen=True)
class PolledJob:
    """`noun` as in Create<noun>. `creations`: the states that can create it; one of them runs, then all share the rest.

    `limit`: seconds, or the intrinsic function that returns them. Then the job is stopped and counts as timed out.
    """

    noun: str
    creations: Mapping[str, Creation]
    limit: int | str

    @property
    def name_field(self) -> str:
        return f"{self.noun}Name"

    @property
    def status(self) -> str:
        return f"{DESCRIBED}.{self.noun}Status"

    def resource(self, verb: str) -> str:
        return f"{SDK_SAGEMAKER}{verb}{self.noun}"


def states(name: str, job: PolledJob, *, next_state: str, on_error: str) -> dict[str, State]:
    """The states of one job, entered at one of its `creations`. The names of the others begin with `name`.

    They end at `next_state` with the description of the completed job in DESCRIBED.
    """
    return {
        **_creating(name, job, on_error),
        **_waiting(name, job),
        **_watching(name, job, next_state, on_error),
        **_failing(name, on_error),
    }


def forget(next_state: str) -> State:
    """A state that drops the description."""
    return {
        "Type": "Pass",
        "Comment": "States stay small: the description is not carried on",
        "Result": {},
        "ResultPath": DESCRIBED,
        "Next": next_state,
    }


def _creating(name: str, job: PolledJob, on_error: str) -> dict[str, State]:
    return {
        state: task(
            job.resource("create"),
            creation.parameters,
            comment=creation.comment,
            timeout=API_TIMEOUT_SECONDS,
            next_state=f"{name}Count",
            on_error=on_error,
            selector={
                "name.$": f"States.ArrayGetItem(States.StringSplit($.{job.noun}Arn, '/'), 1)",
                "grown": 0,
                "waited": 0,
            },
            result=_JOB,
        )
        for state, creation in job.creations.items()
    }


def _waiting(name: str, job: PolledJob) -> dict[str, State]:
    """Growing waits: a round leaves 11 events of the 25,000 that an execution may have."""
    wait = f"States.MathAdd({_JOB}.grown, {FIRST})"
    limit: State = {"limit": job.limit} if isinstance(job.limit, int) else {"limit.$": job.limit}
    return {
        f"{name}Count": {
            "Type": "Pass",
            "Parameters": {
                "name.$": f"{_JOB}.name",
                "wait.$": wait,
                "grown.$": f"States.MathAdd({_JOB}.grown, {STEP})",
                "waited.$": f"States.MathAdd({_JOB}.waited, {wait})",
                **limit,
            },
            "ResultPath": _JOB,
            "Next": f"{name}Wait",
        },
        f"{name}Wait": {"Type": "Wait", "SecondsPath": f"{_JOB}.wait", "Next": f"{name}Describe"},
    }


def _watching(name: str, job: PolledJob, next_state: str, on_error: str) -> dict[str, State]:
    by_name = {f"{job.name_field}.$": f"{_JOB}.name"}
    return {
        f"{name}Describe": task(
            job.resource("describe"),
            by_name,
            comment="How far is it?",
            timeout=API_TIMEOUT_SECONDS,
            next_state=f"{name}Check",
            on_error=on_error,
            result=DESCRIBED,
        ),
        f"{name}Check": {
            "Type": "Choice",
            "Comment": "A stopped job is a failed one",
            "Choices": [
                {"Variable": job.status, "StringEquals": "Completed", "Next": next_state},
                *(
                    {"Variable": job.status, "StringEquals": end, "Next": f"{name}Ended"}
                    for end in ("Failed", "Stopped")
                ),
                {"Variable": f"{_JOB}.waited", "NumericGreaterThanPath": f"{_JOB}.limit", "Next": f"{name}Stop"},
            ],
            "Default": f"{name}Count",
        },
        f"{name}Stop": task(
            job.resource("stop"),
            by_name,
            comment="It runs, or waits for instances, longer than it may",
            timeout=API_TIMEOUT_SECONDS,
            next_state=f"{name}TimedOut",
            on_error=on_error,
        ),
    }


def _failing(name: str, on_error: str) -> dict[str, State]:
    return {
        f"{name}Ended": {
            "Type": "Pass",
            "Parameters": {"Error": "States.TaskFailed", "Cause.$": f"States.JsonToString({DESCRIBED})"},
            "ResultPath": "$.error",
            "Next": on_error,
        },
        f"{name}TimedOut": {
            "Type": "Pass",
            "Result": {"Error": "States.Timeout", "Cause": ""},
            "ResultPath": "$.error",
            "Next": on_error,
        },
    }
