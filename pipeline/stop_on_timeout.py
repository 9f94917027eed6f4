"""Stops the job of a `.sync` task that timed out.

AWS documents that Step Functions stops such a job when its execution is stopped or a sibling fails, and says nothing of
a state's own time limit. The job's name holds the time and the retry at which it was created, which the states that
follow do not know: so the job is looked for by the base of its name.
"""

from __future__ import annotations

from pipeline.tasks import SDK_SAGEMAKER, State, task

API_TIMEOUT_SECONDS = 60
_LEFT = "$.left"


def entry(name: str) -> str:
    """Where the Catch of the task `name` sends a timeout."""
    return f"{name}TimedOut"


def states(name: str, noun: str, *, base: str, on_error: str) -> dict[str, State]:
    """`noun` as in Stop<noun>; `base`: the path of the first part of the job's name. Ends at `on_error`."""
    field, stop = f"{noun}Name", f"{name}Stop"
    return {
        entry(name): task(
            f"{SDK_SAGEMAKER}list{noun}s",
            {
                "NameContains.$": base,
                "StatusEquals": "InProgress",
                "SortBy": "CreationTime",
                "SortOrder": "Descending",
                "MaxResults": 1,
            },
            comment="Did its job stay behind?",
            timeout=API_TIMEOUT_SECONDS,
            next_state=f"{name}Left",
            on_error=on_error,
            selector={"names.$": f"$.{noun}Summaries[*].{field}"},
            result=_LEFT,
            error="$.stop_error",
        ),
        f"{name}Left": {
            "Type": "Choice",
            "Comment": "The timeout stays the failure's reason either way",
            "Choices": [{"Variable": f"{_LEFT}.names[0]", "IsPresent": True, "Next": stop}],
            "Default": on_error,
        },
        stop: task(
            f"{SDK_SAGEMAKER}stop{noun}",
            {f"{field}.$": f"{_LEFT}.names[0]"},
            comment="It would go on, and cost, until its own time limit",
            timeout=API_TIMEOUT_SECONDS,
            next_state=on_error,
            on_error=on_error,
            error="$.stop_error",
        ),
    }
