"""What happens after a Task failed: name the state, diagnose, then try again or give up.

`$.recovery` holds the attempts so far, the instance type of each job state, and the remaining fallback types.
DiagnoseFailure returns a new value for all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.functions import DIAGNOSE_FAILURE
from pipeline.tasks import State


def initial(instance_types: dict[str, str], fallbacks: dict[str, str]) -> dict[str, Any]:
    """`$.recovery` at the start. Both arguments map a job state to the path of its value."""
    return {
        "attempt": 0,
        "instances": {f"{state}.$": path for state, path in instance_types.items()},
        "fallbacks": {f"{state}.$": path for state, path in fallbacks.items()},
    }


def failed(state: str) -> str:
    """The name of the state that the Catch of `state` goes to."""
    return f"{state}Failed"


def states(
    scope: str, tasks: Iterable[str], *, resume: Iterable[str], give_up: str, entries: Mapping[str, str] | None = None
) -> dict[str, State]:
    """The states behind every Catch of one scope (`Run` or `Model`).

    `tasks`: the states whose Catch goes here. `resume`: those of them that are tried again, at themselves or at the
    state that `entries` names for them.
    """
    tags = {
        failed(name): {
            "Type": "Pass",
            "Comment": f"{name} failed: say so to the diagnosis",
            "Result": {"state": name},
            "ResultPath": "$.failed",
            "Next": f"Diagnose{scope}Failure",
        }
        for name in tasks
    }
    return {
        **tags,
        f"Diagnose{scope}Failure": DIAGNOSE_FAILURE.task(
            comment="Read the cause: try again, fall back to another instance type, or fail with reason and remedy",
            next_state=f"Recover{scope}",
            on_error=f"Diagnosis{scope}Failed",
            result="$.recovery",
            error="$.diagnosis_error",
        ),
        f"Diagnosis{scope}Failed": {
            "Type": "Pass",
            "Comment": "The diagnosis failed too. The cause stays behind: it may be as large as a job's description",
            "Parameters": {
                "action": "fail",
                "reason.$": "States.Format('{} ended with {}', $.failed.state, $.error.Error)",
                "remedy.$": "States.Format('its diagnosis ended with {}: see both in the execution history', "
                "$.diagnosis_error.Error)",
            },
            "ResultPath": "$.recovery",
            "Next": give_up,
        },
        f"Recover{scope}": {
            "Type": "Choice",
            "Comment": "The one decision about a failure",
            "Choices": [{"Variable": "$.recovery.action", "StringEquals": "fail", "Next": give_up}],
            "Default": f"Wait{scope}",
        },
        f"Wait{scope}": {
            "Type": "Wait",
            "Comment": "At least two seconds: job names hold the second in which their state was entered",
            "SecondsPath": "$.recovery.wait_seconds",
            "Next": f"Resume{scope}",
        },
        f"Resume{scope}": {
            "Type": "Choice",
            "Comment": "Back to the state that failed",
            "Choices": [
                {"Variable": "$.failed.state", "StringEquals": name, "Next": (entries or {}).get(name, name)}
                for name in resume
            ],
            "Default": give_up,
        },
    }
