"""The meaning of a service's error for the caller."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imgcls.contract.failures import service_errors


def response(code: str, message: str = "", **more: int | str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}, **more}


@pytest.mark.parametrize(
    "error",
    [
        *map(response, ("ThrottlingException", "Throttling", "TooManyRequestsException")),
        *map(response, ("ServiceUnavailable", "InternalFailure", "InternalServerError", "ModelNotReadyException")),
        response("ModelError", OriginalStatusCode=429),
        response("ModelError", OriginalStatusCode=503),
    ],
    ids=str,
)
def test_what_passes_by_itself_is_transient(error: dict[str, Any]) -> None:
    assert service_errors.is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        response("ModelError", OriginalStatusCode=500),
        response("ModelError", OriginalStatusCode=400),
        response("ModelError", "Received server error (500)"),
        response("ValidationError", "Endpoint x of account 1 not found."),
        response("AccessDeniedException"),
        response("InternalDependencyException"),
    ],
    ids=str,
)
def test_what_would_happen_again_is_not_transient(error: dict[str, Any]) -> None:
    assert not service_errors.is_transient(error)


@pytest.mark.parametrize(
    ("error", "missing"),
    [
        (response("404", "Not Found"), True),
        (response("NotFound"), True),
        (response("NoSuchKey"), True),
        (response("ResourceNotFound"), True),
        (response("ResourceNotFoundException"), True),
        (response("ExecutionDoesNotExist"), True),
        (response("ValidationException", "Requested resource not found."), True),
        (response("ValidationException", 'Could not find endpoint "x".'), True),
        (response("ValidationError", "Endpoint x of account 1 not found."), True),
        (response("ValidationException", "the training job is in status Completed."), False),
        (response("AccessDenied", "the role could not find its permission"), False),
        (response("NoSuchBucket", "The specified bucket does not exist"), False),
    ],
    ids=str,
)
def test_what_does_not_exist_is_missing(error: dict[str, Any], missing: bool) -> None:
    assert service_errors.is_missing(error) is missing


def test_a_broken_condition_is_a_conflict() -> None:
    assert service_errors.is_conflict(response("PreconditionFailed"))
    assert service_errors.is_conflict(response("ConditionalRequestConflict"))
    assert not service_errors.is_conflict(response("AccessDenied"))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (response("ModelError", "Received 400", OriginalMessage=json.dumps({"message": "too large"})), "too large"),
        (response("ModelError", "Received 500", OriginalMessage="Internal Server Error"), "Internal Server Error"),
        (response("ModelError", "Received 500", OriginalMessage="[1]"), "[1]"),
        (response("ValidationError", "no such variant"), "no such variant"),
    ],
)
def test_the_containers_sentence_comes_first(error: dict[str, Any], sentence: str) -> None:
    assert service_errors.explain(error) == sentence


def test_a_request_that_is_refused_is_invalid():
    for code, invalid in (("ValidationException", True), ("ValidationError", True), ("AccessDenied", False)):
        assert service_errors.is_invalid(response(code)) is invalid
    assert service_errors.code(response("AccessDenied")) == "AccessDenied"
    assert service_errors.message({"Error": {"Code": "404"}}) == ""


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [('{"message": "too large"}', "too large"), ('{"message": 3}', "3"), ('{"error": "x"}', '{"error": "x"}'),
     ("[]", "[]"), ("null", "null"), ("plain", "plain"), ("", "")],
)  # fmt: skip
def test_an_answer_that_is_not_a_containers_of_ours_is_the_sentence(answer, sentence):
    assert service_errors.container_sentence(answer) == sentence
