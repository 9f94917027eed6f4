"""The sentence in a cause, as the services write causes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imgcls.contract.failures import causes, job_kinds
from imgcls.contract.failures.causes import MAX_SENTENCE_CHARS, explain_execution, read
from tests.imgcls.contract.recorded_failures import FAILURES, SCRIPT, Failure, tuning


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.sentence[:40])
def test_the_sentence_is_what_a_person_needs(failure: Failure) -> None:
    assert read(failure.error, failure.cause).sentence == failure.sentence
    assert len(failure.sentence) <= MAX_SENTENCE_CHARS


@pytest.mark.parametrize("kind", job_kinds.BY_NAME.values(), ids=lambda kind: kind.name)
def test_the_job_is_known_by_the_name_in_its_description(kind: Any) -> None:
    description = {kind.name_field: "job-1", kind.status_field: "Failed", "FailureReason": SCRIPT}
    cause = causes.read_caught({"Error": "States.TaskFailed", "Cause": json.dumps(description)})
    assert (cause.kind, cause.job, cause.status, cause.text) == (kind, "job-1", "Failed", SCRIPT)


def test_a_function_is_not_a_job() -> None:
    cause = read("States.TaskFailed", json.dumps({"errorMessage": "no", "errorType": "Refused"}))
    assert (cause.kind, cause.job, cause.error) == (None, "", "Refused")


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        ([{"model": "dogs", "reason": "nan loss", "remedy": "lower lr"}], "dogs: nan loss (lower lr)"),
        ([{"model": "", "reason": "no data"}, {"model": "b", "reason": "x"}], "no data; b: x"),
        ([], "[]"),
        ({"errorMessage": "modles is unknown", "errorType": "Refused"}, "modles is unknown"),
        ({"TrainingJobName": "j", "FailureReason": SCRIPT}, "ValueError: bad lr"),
    ],
)
def test_an_executions_cause_lists_its_models(cause: Any, sentence: str) -> None:
    assert explain_execution("PipelineFailed", json.dumps(cause)) == sentence


def test_an_execution_without_a_cause_has_the_name_of_its_error() -> None:
    assert explain_execution("States.Runtime", None) == "States.Runtime"
    assert explain_execution(None, None) == ""


def test_the_streams_of_a_search_are_those_of_its_trials() -> None:
    cause = read("", tuning("").cause)
    assert cause.kind is not None
    assert (cause.kind.log_group, cause.kind.stream_prefix(cause.job)) == ("/aws/sagemaker/TrainingJobs", "job-1-")
