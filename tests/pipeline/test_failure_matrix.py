"""Every kind of failure in every state, once, twice and always: the documented end, one message, bounded calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localcloud.stepfunctions.asl.errors import StatesError
from pipeline.tasks import MAX_RETRIES
from tests.pipeline.harness import Answer, Runner
from tests.pipeline.services import failed_job

JOBS = ("PrepareDataset", "TuneModel", "TrainModel", "EvaluateModel")
FUNCTIONS = ("PlanRun", "QualityGate", "RegisterModel", "StageArtifact", "SmokeTest", "PublishModel")
MODEL = "dog-breed-classifier"
SAGEMAKER = "SageMaker.AmazonSageMakerException"
MAX_RECOVERIES = 3


def refused(name: str, cause: str) -> Callable[[str], Answer]:
    return lambda state: StatesError(name, cause)


def ended(**values: str) -> Callable[[str], Answer]:
    return lambda state: failed_job(state, **values)


# kind -> (answer for a state, whether a retry can fix it)
JOB_FAILURES = {
    "throttled": (refused(SAGEMAKER, "ThrottlingException: Rate exceeded"), True),
    "capacity": (ended(FailureReason="CapacityError: Unable to provision requested ML compute capacity"), True),
    "quota": (refused("SageMaker.ResourceLimitExceededException", "ResourceLimitExceeded: is 0 Instances"), True),
    "internal error": (ended(FailureReason="InternalServerError: We encountered an internal error"), True),
    "validation": (refused("SageMaker.OtherException", "ValidationException: 1 validation error detected"), False),
    "access denied": (refused("SageMaker.OtherException", "AccessDeniedException: not authorized to perform"), False),
    "algorithm error": (ended(FailureReason="AlgorithmError: ValueError: no, exit code: 1"), False),
    "out of time": (ended(SecondaryStatus="MaxRuntimeExceeded"), False),
    "timeout": (refused("States.Timeout", ""), False),
}
FUNCTION_FAILURES = {
    "throttled": (refused("Lambda.TooManyRequestsException", "Rate Exceeded."), True),
    "service": (refused("Lambda.ServiceException", "Service exception"), True),
    "own error": (refused("ValueError", '{"errorMessage": "no", "errorType": "ValueError"}'), False),
    "timeout": (refused("States.Timeout", ""), False),
}
TIMES = {"once": 1, "twice": 2, "always": 100}
CASES = [
    (state, kind, times)
    for states, kinds in ((JOBS, JOB_FAILURES), (FUNCTIONS, FUNCTION_FAILURES))
    for state in states
    for kind in kinds
    for times in TIMES
]


@pytest.mark.parametrize(("state", "kind", "times"), CASES)
def test_a_failure_ends_as_documented(state: str, kind: str, times: str) -> None:
    answer, retryable = (JOB_FAILURES if state in JOBS else FUNCTION_FAILURES)[kind]
    runner = Runner()
    runner.script[state] = [answer(state)] * TIMES[times] + ([] if times == "always" else [None])
    found = runner.run({"models": [MODEL]})
    assert len(found.messages) == 1
    assert max(found.waits, default=0) <= 900
    if retryable and times != "always":
        assert found.error is None and found.outcomes[MODEL]["outcome"] == "published"
    else:
        [failure] = found.failures
        assert failure["state"] == state and failure["reason"] and failure["remedy"]
    limit = (MAX_RETRIES + 1) * (MAX_RECOVERIES + 1) if retryable else 1
    assert len(found.calls[state]) <= limit
