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
        ([{"model": "a"}], "a: "),
        ([], "[]"),
        ([{"model": "a", "reason": "b"}, "c"], '[{"model": "a", "reason": "b"}, "c"]'),
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


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ('AlgorithmError: ErrorMessage "ValueError: bad lr"', "ValueError: bad lr"),
        ('ExecuteUserScriptError: ErrorMessage "ValueError: bad lr", exit code: 1', "ValueError: bad lr"),
        ('ErrorMessage "ValueError: bad lr" Command "x"', "ValueError: bad lr"),
        ('ErrorMessage "ValueError: bad lr\n  \n"', "ValueError: bad lr"),
        ('ErrorMessage "error: argument --lr"', "argument --lr"),
        ('ErrorMessage "" Command "x"', 'ErrorMessage "" Command "x"'),
        ("AlgorithmError: ValueError: bad lr, exit code: 12", "ValueError: bad lr"),
        ("InternalServerError: try again", "try again"),
        ("ResourceLimitError: too many", "too many"),
        ("OtherError: stays", "OtherError: stays"),
        ("see AlgorithmError: x", "see AlgorithmError: x"),
        ("", "the job ended Failed"),
    ],
)
def test_what_a_service_writes_around_a_sentence_is_left_out(reason, sentence):
    description = {"TrainingJobName": "j", "TrainingJobStatus": "Failed", "FailureReason": reason}
    assert read("States.TaskFailed", json.dumps(description)).sentence == sentence


def test_all_that_was_said_is_kept_for_the_diagnosis():
    said = {"ExitMessage": "no images", "FailureReason": "AlgorithmError: exit code 1", "SecondaryStatus": "Failed"}
    cause = read("States.TaskFailed", json.dumps({"ProcessingJobName": "j", **said}))
    assert cause.text == "no images\nAlgorithmError: exit code 1\nFailed"
    assert (cause.error, cause.sentence, cause.status) == ("States.TaskFailed", "no images", "")
    assert read("E", json.dumps({"errorMessage": 3})) == causes.Cause("E", "3", "3")
    assert read(None, " spaced \n out ") == causes.Cause("", "spaced \n out", "spaced out")


def test_a_sentence_may_have_300_characters():
    assert read("E", "x" * 300).sentence == "x" * 300
    assert read("E", "x" * 301).sentence == "x" * 297 + "..."


@pytest.mark.parametrize(
    ("name", "noun", "log_group", "prefix"),
    [
        ("training", "TrainingJob", "TrainingJobs", "j/"),
        ("processing", "ProcessingJob", "ProcessingJobs", "j/"),
        ("tuning", "HyperParameterTuningJob", "TrainingJobs", "j-"),
        ("transform", "TransformJob", "TransformJobs", "j/"),
    ],
)
def test_a_kind_of_job_has_the_services_names(name, noun, log_group, prefix):
    kind = job_kinds.BY_NAME[name]
    assert (kind.name, kind.noun, kind.name_field, kind.status_field) == (name, noun, f"{noun}Name", f"{noun}Status")
    assert (kind.log_group, kind.stream_prefix("j")) == (f"/aws/sagemaker/{log_group}", prefix)
    assert kind.operation("Stop") == f"Stop{noun}"
    assert job_kinds.find({f"{noun}Name": 7}) == (kind, "7") and job_kinds.find({"Name": "x"}) is None
