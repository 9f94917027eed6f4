"""The reason of a failure, and what is done about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imgcls.contract.failures.causes import MAX_SENTENCE_CHARS, read_caught
from lambdas.diagnose_failure.decision import MAX_WAIT_SECONDS, decide
from lambdas.diagnose_failure.environment import Environment
from lambdas.diagnose_failure.handler import handler
from tests.imgcls.contract.recorded_failures import FAILURES, SCRIPT, Failure, tuning
from tests.lambdas.conftest import Call


def recovery(attempt: int = 0, fallbacks: tuple[Any, ...] = ("ml.g4dn.xlarge",)) -> dict[str, Any]:
    return {
        "attempt": attempt,
        "instances": {"TrainModel": "ml.g5.xlarge"},
        "fallbacks": {"TrainModel": list(fallbacks)},
    }


def job(**values: str) -> dict[str, str]:
    document = {"TrainingJobName": "job-1", "TrainingJobStatus": "Failed", **values}
    return {"Error": "States.TaskFailed", "Cause": json.dumps(document)}


def diagnose(error: dict[str, Any], state: str = "TrainModel", **changes: Any) -> Any:
    return decide(state, read_caught(error), recovery(**changes), max_attempts=3)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.sentence[:40])
def test_the_reason_is_the_failures_sentence(failure: Failure) -> None:
    error = {"Error": failure.error, "Cause": failure.cause}
    assert diagnose(error).reason == f"TrainModel: {failure.sentence}"


@pytest.mark.parametrize(
    ("error", "action", "words"),
    [
        (job(FailureReason="CapacityError: Unable to provision requested ML compute capacity"), "fallback", "zone"),
        ({"Error": "SageMaker.ResourceLimitExceededException", "Cause": "ResourceLimitExceeded: 0 Instances"},
         "fallback", "Service Quotas"),
        (job(FailureReason="InternalServerError: try again"), "retry", "AWS had an error"),
        ({"Error": "SageMaker.AmazonSageMakerException", "Cause": "ThrottlingException"}, "retry", "later"),
        (job(FailureReason=SCRIPT), "fail", "script"),
        (job(TrainingJobStatus="Stopped", SecondaryStatus="MaxRuntimeExceeded"), "fail", "max_runtime_seconds"),
        (job(TrainingJobStatus="Stopped", SecondaryStatus="MaxWaitTimeExceeded"), "fail", "switch spot off"),
        (job(TrainingJobStatus="Stopped", SecondaryStatus="Stopped"), "fail", "somebody stopped the job"),
        ({"Error": "States.Timeout", "Cause": ""}, "fail", "waited for an instance"),
        (job(FailureReason="ClientError: AccessDenied for s3://b"), "fail", "permission"),
        (job(FailureReason="ClientError: No S3 objects found under S3 URL"), "fail", "an input is missing"),
        ({"Error": "SageMaker.AmazonSageMakerException", "Cause": "ValidationException: x"}, "fail", "definition"),
        ({"Error": "Refused", "Cause": '{"errorMessage": "x", "errorType": "Refused"}'}, "fail", "change the input"),
        ({"Error": "StaleComparison", "Cause": '{"errorMessage": "x", "errorType": "StaleComparison"}'},
         "fail", "--trained-by"),
        ({"Error": "Kennel.NoTrialSucceeded", "Cause": "none"}, "fail", "trials"),
        ({"Error": "Never.Seen", "Cause": "?"}, "fail", "this error is unknown"),
    ],
)  # fmt: skip
def test_each_kind_of_failure_has_its_answer(error: dict[str, str], action: str, words: str) -> None:
    diagnosis = diagnose(error)
    assert (diagnosis.action, diagnosis.attempt) == (action, 1)
    assert words in diagnosis.remedy


def test_a_fallback_uses_the_next_type_and_removes_it_from_the_list() -> None:
    diagnosis = diagnose(job(FailureReason="CapacityError"), fallbacks=("ml.a", "ml.b"))
    assert (diagnosis.instances["TrainModel"], diagnosis.fallbacks["TrainModel"]) == ("ml.a", ["ml.b"])


def test_without_a_fallback_capacity_is_waited_for() -> None:
    diagnosis = diagnose(job(FailureReason="CapacityError"), fallbacks=())
    assert (diagnosis.action, diagnosis.wait_seconds) == ("retry", 300)


def test_attempts_are_limited() -> None:
    assert diagnose(job(FailureReason="InternalServerError"), attempt=2).action == "retry"
    assert diagnose(job(FailureReason="InternalServerError"), attempt=3).action == "fail"


@pytest.mark.parametrize("attempt", range(4))
def test_waits_are_long_enough_for_a_new_name_and_bounded(attempt: int) -> None:
    for reason in ("CapacityError", "InternalServerError"):
        assert 2 <= diagnose(job(FailureReason=reason), attempt=attempt).wait_seconds <= MAX_WAIT_SECONDS


def test_a_function_is_never_tried_again_here() -> None:
    assert diagnose({"Error": "InternalError", "Cause": "x"}, state="QualityGate").action == "fail"


def test_a_jobs_log_is_named() -> None:
    named = "(job job-1, log group /aws/sagemaker/TrainingJobs, streams job-1/*)"
    assert diagnose(job(FailureReason=SCRIPT)).remedy.endswith(named)
    failure = tuning("")
    assert diagnose({"Error": failure.error, "Cause": failure.cause}).remedy.endswith("streams job-1-*)")


def test_a_long_cause_is_cut() -> None:
    reason = diagnose({"Error": "x", "Cause": "word " * 1000}).reason
    assert len(reason) <= MAX_SENTENCE_CHARS + len("TrainModel: ") and reason.endswith("...")


def test_the_answer_is_the_next_input(function: Call) -> None:
    event = {"state": "TrainModel", "error": job(FailureReason="InternalServerError"), "recovery": recovery()}
    for attempt in (1, 2, 3):
        answer = function(handler, Environment(), event)
        assert (answer["action"], answer["attempt"]) == ("retry", attempt)
        event = {**event, "recovery": answer}
    assert function(handler, Environment(), event)["action"] == "fail"
