"""What every Task state has: a timeout, retries for throttling only, one Catch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

State = dict[str, Any]

TRAINING_JOB = "arn:aws:states:::sagemaker:createTrainingJob.sync"
PROCESSING_JOB = "arn:aws:states:::sagemaker:createProcessingJob.sync"
LAMBDA = "arn:aws:states:::lambda:invoke"
PUBLISH = "arn:aws:states:::sns:publish"
GET_OBJECT = "arn:aws:states:::aws-sdk:s3:getObject"
PUT_OBJECT = "arn:aws:states:::aws-sdk:s3:putObject"
SDK_SAGEMAKER = "arn:aws:states:::aws-sdk:sagemaker:"
"""A prefix: the operation in lower camel case follows. For calls that the optimized integration may not support."""

_THROTTLED = {
    # The optimized integration reports ThrottlingException under the service's own name.
    "sagemaker": ["SageMaker.AmazonSageMakerException"],
    "lambda": [
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    ],
    "aws-sdk:s3": ["S3.S3Exception", "S3.SdkClientException"],
    "aws-sdk:sagemaker": ["SageMaker.SageMakerException", "SageMaker.SdkClientException"],
    "sns": ["SNS.ThrottledException", "SNS.InternalErrorException", "SNS.SdkClientException"],
}
MAX_RETRIES = 5
"""One digit, because it is part of the jobs' names."""


def retry(resource: str) -> list[State]:
    """Retries for API errors that pass with time. The failure of a job itself is never retried here."""
    service = resource.split(":::")[1].rpartition(":")[0]
    return [
        {
            "ErrorEquals": _THROTTLED[service],
            "IntervalSeconds": 3,
            "MaxAttempts": MAX_RETRIES,
            "BackoffRate": 2,
            "MaxDelaySeconds": 60,
            "JitterStrategy": "FULL",
        }
    ]


def task(
    resource: str,
    parameters: State,
    *,
    comment: str,
    timeout: int,
    next_state: str,
    on_error: str,
    on_timeout: str | None = None,
    selector: State | None = None,
    result: str | None = None,
    error: str = "$.error",
) -> State:
    """A Task state. `timeout`: seconds. `error`: where a Catch puts Error and Cause."""
    late = [{"ErrorEquals": ["States.Timeout"], "ResultPath": error, "Next": on_timeout}] if on_timeout else []
    state: State = {
        "Type": "Task",
        "Comment": comment,
        "Resource": resource,
        "Parameters": parameters,
        "TimeoutSeconds": timeout,
        "Retry": retry(resource),
        "Catch": [*late, {"ErrorEquals": ["States.ALL"], "ResultPath": error, "Next": on_error}],
        "ResultPath": result,
        "Next": next_state,
    }
    if selector is not None:
        state["ResultSelector"] = selector
    return state


def task_states(flow: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    """(name, state) of every Task of a flow, including those inside its maps."""
    for name, state in flow["States"].items():
        if state["Type"] == "Task":
            yield name, state
        if state["Type"] == "Map":
            yield from task_states(state["ItemProcessor"])
