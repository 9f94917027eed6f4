"""The custom resource that starts the image build: it answers a deletion and a failure, the build answers the rest."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.build_images import handler as function_module
from lambdas.build_images.answer import answer, build_variables
from lambdas.build_images.environment import Environment
from lambdas.build_images.handler import handler

EVENT = {
    "RequestType": "Create",
    "ResponseURL": "http://localhost/answer",
    "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/1",
    "RequestId": "r-1",
    "LogicalResourceId": "Images",
}
ANSWER = {
    "Status": "SUCCESS",
    "PhysicalResourceId": "images",
    "StackId": EVENT["StackId"],
    "RequestId": "r-1",
    "LogicalResourceId": "Images",
}


def test_an_answer_is_the_document_that_cloudformation_expects() -> None:
    assert answer(EVENT) == ANSWER
    assert answer(EVENT, error="it broke") == {**ANSWER, "Status": "FAILED", "Reason": "it broke"}
    assert answer(EVENT, error="x" * 500)["Reason"] == "x" * 400


def test_the_build_gets_what_it_needs_to_answer_by_itself() -> None:
    assert build_variables(EVENT) == [
        {"name": "RESPONSE_URL", "value": EVENT["ResponseURL"], "type": "PLAINTEXT"},
        {"name": "STACK_ID", "value": EVENT["StackId"], "type": "PLAINTEXT"},
        {"name": "REQUEST_ID", "value": "r-1", "type": "PLAINTEXT"},
        {"name": "LOGICAL_ID", "value": "Images", "type": "PLAINTEXT"},
        {"name": "PHYSICAL_ID", "value": "images", "type": "PLAINTEXT"},
    ]


class CodeBuild:
    """Remembers builds, or refuses them."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.builds = error, []

    def start_build(self, **request: Any) -> None:
        if self.error:
            raise self.error
        self.builds.append(request)


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

    def run(request_type: str, error: Exception | None = None) -> Any:
        builds, (url, arrived) = CodeBuild(error), cloudformation
        monkeypatch.setattr(function_module, "client", {"codebuild": builds}.__getitem__)
        event = {**EVENT, "RequestType": request_type, "ResponseURL": url}
        try:
            assert function(handler, Environment("images-project"), event) is None
        finally:
            run.told = arrived  # type: ignore[attr-defined]
        return builds.builds, arrived

    return run


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_build_is_started_and_answers_by_itself(call: Any, request_type: str) -> None:
    (build,), told = call(request_type)
    assert build["projectName"] == "images-project" and told == []
    assert [item["name"] for item in build["environmentVariablesOverride"]] == [
        "RESPONSE_URL", "STACK_ID", "REQUEST_ID", "LOGICAL_ID", "PHYSICAL_ID",
    ]  # fmt: skip


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
        function(handler, Environment("images-project"), {**EVENT, "RequestType": "Delete"})
    assert 0 < limits[0] <= 60
