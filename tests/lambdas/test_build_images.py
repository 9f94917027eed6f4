"""The custom resource that starts the image build: it answers a deletion and a failure, the build answers the rest."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.build_images import handler as function_module
from lambdas.build_images.answer import PHYSICAL_ID, build_variables
from lambdas.build_images.environment import Environment
from lambdas.build_images.handler import handler
from lambdas.common.custom_resource import answer

EVENT = {
    "RequestType": "Create",
    "ResponseURL": "http://localhost/answer",
    "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/1",
    "RequestId": "r-1",
    "LogicalResourceId": "Images",
    "ResourceProperties": {"Tag": "abc"},
}
ANSWER = {
    "Status": "SUCCESS",
    "PhysicalResourceId": "images",
    "StackId": EVENT["StackId"],
    "RequestId": "r-1",
    "LogicalResourceId": "Images",
}


def test_an_answer_is_the_document_that_cloudformation_expects() -> None:
    assert answer(EVENT, PHYSICAL_ID) == ANSWER
    assert answer(EVENT, PHYSICAL_ID, error="it broke") == {**ANSWER, "Status": "FAILED", "Reason": "it broke"}
    assert answer(EVENT, PHYSICAL_ID, error="x" * 500)["Reason"] == "x" * 400


def test_the_build_gets_what_it_needs_to_answer_by_itself() -> None:
    assert build_variables(EVENT) == [
        {"name": "RESPONSE_URL", "value": EVENT["ResponseURL"], "type": "PLAINTEXT"},
        {"name": "STACK_ID", "value": EVENT["StackId"], "type": "PLAINTEXT"},
        {"name": "REQUEST_ID", "value": "r-1", "type": "PLAINTEXT"},
        {"name": "LOGICAL_ID", "value": "Images", "type": "PLAINTEXT"},
        {"name": "ASKED_TAG", "value": "abc", "type": "PLAINTEXT"},
        {"name": "PHYSICAL_ID", "value": "images", "type": "PLAINTEXT"},
    ]


class CodeBuild:
    """Remembers builds, or refuses them; `known` is what it says of a build."""

    def __init__(self, error: Exception | None = None, known: dict[str, Any] | None = None) -> None:
        self.error, self.known, self.builds = error, known, []

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        assert ids == ["p:1"], "the name of a build, not the ARN that its event has"
        return {"builds": [self.known]}

    def start_build(self, **request: Any) -> None:
        if self.error:
            raise self.error
        self.builds.append(request)


class Registry:
    """Has the tags of some repositories."""

    def __init__(self, there: dict[str, list[str]]) -> None:
        self.there = there

    def batch_get_image(self, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:
        found = [item for item in imageIds if item["imageTag"] in self.there.get(repositoryName, [])]
        return {"images": found, "failures": []}


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    """(URL, (method, content type, document) of what arrived there)."""
    arrived: list[tuple[str, str, Any]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.append((self.command, self.headers["Content-Type"], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/answer", arrived
    server.shutdown()
    server.server_close()


@pytest.fixture
def call(cloudformation: Any, function: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the handler; (builds, what CloudFormation was told)."""

    def run(
        request_type: str,
        error: Exception | None = None,
        there: dict[str, list[str]] | None = None,
        known: dict[str, Any] | None = None,
    ) -> Any:
        url, arrived = cloudformation
        builds = CodeBuild(error, _at(known, url))
        clients = {"codebuild": builds, "ecr": Registry(there or {})}
        monkeypatch.setattr(function_module, "client", clients.__getitem__)
        event = {**EVENT, "RequestType": request_type, "ResponseURL": url} if known is None else ENDED
        try:
            assert function(handler, Environment("images-project", ["a/jobs", "a/serving"]), event) is None
        finally:
            run.told = arrived  # type: ignore[attr-defined]
        return builds.builds, arrived

    return run


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_build_is_started_and_answers_by_itself(call: Any, request_type: str) -> None:
    (build,), told = call(request_type)
    assert build["projectName"] == "images-project" and told == []
    assert [item["name"] for item in build["environmentVariablesOverride"]] == [
        "RESPONSE_URL", "STACK_ID", "REQUEST_ID", "LOGICAL_ID", "ASKED_TAG", "PHYSICAL_ID",
    ]  # fmt: skip


BUILD_ARN = "arn:aws:codebuild:us-east-1:123456789012:build/p:1"
ENDED = {"source": "aws.codebuild", "detail": {"build-id": BUILD_ARN, "build-status": "TIMED_OUT"}}


def build(status: str, *phases: tuple[str, str, str]) -> dict[str, Any]:
    """What CodeBuild says of a build with these phases: type, status, message."""
    described = [
        {"phaseType": kind, "phaseStatus": ended, "contexts": [{"statusCode": "X", "message": message}]}
        for kind, ended, message in phases
    ]
    return {
        "buildStatus": status,
        "phases": [*described, {"phaseType": "COMPLETED"}],
        "logs": {"deepLink": "https://log"},
    }


def _at(known: dict[str, Any] | None, url: str) -> dict[str, Any] | None:
    variables = build_variables({**EVENT, "ResponseURL": url})
    return known and {"environment": {"environmentVariables": variables}, **known}


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (
            build("TIMED_OUT", ("SUBMITTED", "SUCCEEDED", ""), ("QUEUED", "TIMED_OUT", "Build has timed out.")),
            "the image build ended as TIMED_OUT in QUEUED (Build has timed out.): no machine was free for it: deploy "
            "again, or ask AWS Support to raise CodeBuild's limit",
        ),
        (
            build("TIMED_OUT", ("QUEUED", "SUCCEEDED", ""), ("BUILD", "TIMED_OUT", "")),
            "the image build ended as TIMED_OUT in BUILD: see https://log",
        ),
        (build("STOPPED"), "the image build ended as STOPPED: see https://log"),
        (
            build("FAILED", ("BUILD", "SUCCEEDED", ""), ("POST_BUILD", "FAILED", "curl: (6)")),
            "the image build ended as FAILED in POST_BUILD (curl: (6)): see https://log",
        ),
    ],
)
def test_a_build_that_could_not_answer_is_answered_for(call: Any, known: dict[str, Any], reason: str) -> None:
    _, ((_, _, document),) = call("", known=known)
    assert document == {**ANSWER, "Status": "FAILED", "Reason": reason}


def test_a_build_that_has_answered_is_not_answered_for_again(call: Any) -> None:
    assert call("", known=build("FAILED", ("BUILD", "FAILED", ""), ("POST_BUILD", "SUCCEEDED", "")))[1] == []


def test_a_build_that_a_person_started_has_nobody_to_answer(call: Any) -> None:
    by_hand = {**build("FAILED"), "environment": {"environmentVariables": [{"name": "TAG", "value": "abc"}]}}
    assert call("", known=by_hand)[1] == []


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_images_that_are_there_need_no_build(call: Any, request_type: str) -> None:
    builds, told = call(request_type, there={"a/jobs": ["abc"], "a/serving": ["older", "abc"]})
    assert builds == [] and told == [("PUT", "", ANSWER)]
    assert call(request_type, there={"a/jobs": ["abc"], "a/serving": ["older"]})[0]


def test_an_account_without_builds_is_told_whom_to_ask(call: Any) -> None:
    message = "Cannot have more than 0 builds in queue for the account"
    refusal = ClientError({"Error": {"Code": "AccountLimitExceededException", "Message": message}}, "StartBuild")
    with pytest.raises(ClientError):
        call("Create", refusal)
    ((_, _, document),) = call.told
    assert document["Reason"] == (
        "the image build did not start, because CodeBuild runs no more builds in this account (An error occurred "
        f"(AccountLimitExceededException) when calling the StartBuild operation: {message}): ask AWS Support to raise "
        "its limit of concurrent builds, or set images.source to docker or uri"
    )


def test_nothing_is_built_for_a_deletion(call: Any) -> None:
    builds, told = call("Delete")
    # S3, which takes the answer, signed the URL for an empty content type.
    assert builds == [] and told == [("PUT", "", ANSWER)]


def test_a_build_that_does_not_start_is_told_at_once_and_logged(call: Any) -> None:
    with pytest.raises(ValueError, match="no such project"):
        call("Create", ValueError("no such project"))
    ((_, _, document),) = call.told
    assert document["Status"] == "FAILED" and document["Reason"].endswith(": no such project")


def test_the_longest_reason_fits_the_document_that_cloudformation_takes(call: Any) -> None:
    with pytest.raises(ValueError, match="no such project"):
        call("Create", ValueError("no such project" + "\U0001f43e" * 1000))
    ((_, _, document),) = call.told
    assert len(json.dumps(document)) <= 4096


def test_an_answer_that_is_not_taken_is_given_up(monkeypatch: pytest.MonkeyPatch, function: Any) -> None:
    """A function that hangs is paid for until its time limit, and told as a timeout."""
    limits: list[float] = []

    def urlopen(request: Any, timeout: float) -> Any:
        limits.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    with pytest.raises(TimeoutError):
        function(handler, Environment("images-project", []), {**EVENT, "RequestType": "Delete"})
    assert 0 < limits[0] <= 60
