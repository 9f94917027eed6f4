"""A SageMaker job that the state machine creates by the SDK integration and polls until it has ended.

For jobs with a field that the optimized integration is not known to accept: one unknown field there fails the
deployment. The results look like those of the optimized integration: the job's description, or States.TaskFailed.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.tasks import SDK_SAGEMAKER, State, task

POLL_SECONDS = 30
API_TIMEOUT_SECONDS = 60

_JOB = "$.job"
_DESCRIBED = "$.described"


@dataclass(frozen=True)
class PolledJob:
    """`noun` as in Create<noun>. `limit_seconds`: after this time the job is stopped and counts as timed out."""

    noun: str
    parameters: State
    comment: str
    limit_seconds: int

    @property
    def name_field(self) -> str:
        return f"{self.noun}Name"

    @property
    def status(self) -> str:
        return f"{_DESCRIBED}.{self.noun}Status"

    def resource(self, verb: str) -> str:
        return f"{SDK_SAGEMAKER}{verb}{self.noun}"


def states(name: str, job: PolledJob, *, selector: State | None, result: str, next_state: str, on_error: str) -> State:
    """The states of one job, entered at `name`. `selector` and `result` apply to the description, as in a task."""
    return {
        **_creating(name, job, on_error),
        **_watching(name, job, on_error),
        **_ending(name, job, selector, result, next_state, on_error),
    }


def _creating(name: str, job: PolledJob, on_error: str) -> dict[str, State]:
    return {
        name: task(
            job.resource("create"),
            job.parameters,
            comment=job.comment,
            timeout=API_TIMEOUT_SECONDS,
            next_state=f"{name}Wait",
            on_error=on_error,
            selector={
                "name.$": f"States.ArrayGetItem(States.StringSplit($.{job.noun}Arn, '/'), 1)",
                "polls": 0,
            },
            result=_JOB,
        ),
        f"{name}Wait": {"Type": "Wait", "Seconds": POLL_SECONDS, "Next": f"{name}Count"},
        f"{name}Count": {
            "Type": "Pass",
            "Parameters": {"name.$": f"{_JOB}.name", "polls.$": f"States.MathAdd({_JOB}.polls, 1)"},
            "ResultPath": _JOB,
            "Next": f"{name}Describe",
        },
    }


def _watching(name: str, job: PolledJob, on_error: str) -> dict[str, State]:
    by_name = {f"{job.name_field}.$": f"{_JOB}.name"}
    return {
        f"{name}Describe": task(
            job.resource("describe"),
            by_name,
            comment="How far is it?",
            timeout=API_TIMEOUT_SECONDS,
            next_state=f"{name}Check",
            on_error=on_error,
            result=_DESCRIBED,
        ),
        f"{name}Check": {
            "Type": "Choice",
            "Comment": "A stopped job is a failed one",
            "Choices": [
                {"Variable": job.status, "StringEquals": "Completed", "Next": f"{name}Completed"},
                *(
                    {"Variable": job.status, "StringEquals": end, "Next": f"{name}Ended"}
                    for end in ("Failed", "Stopped")
                ),
                {
                    "Variable": f"{_JOB}.polls",
                    "NumericGreaterThan": job.limit_seconds // POLL_SECONDS,
                    "Next": f"{name}Stop",
                },
            ],
            "Default": f"{name}Wait",
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


def _ending(
    name: str, job: PolledJob, selector: State | None, result: str, next_state: str, on_error: str
) -> dict[str, State]:
    if selector is None:
        taken: State = {"InputPath": _DESCRIBED}
    else:
        taken = {"Parameters": {key: value.replace("$.", f"{_DESCRIBED}.") for key, value in selector.items()}}
    return {
        f"{name}Completed": {"Type": "Pass", **taken, "ResultPath": result, "Next": f"{name}Forget"},
        f"{name}Forget": {
            "Type": "Pass",
            "Comment": "States stay small: the description is not carried on",
            "Result": {},
            "ResultPath": _DESCRIBED,
            "Next": next_state,
        },
        f"{name}Ended": {
            "Type": "Pass",
            "Parameters": {"Error": "States.TaskFailed", "Cause.$": f"States.JsonToString({_DESCRIBED})"},
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
