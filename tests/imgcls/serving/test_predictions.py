"""Prediction requests and their answers: formats, attributes, batches, headers, refusals."""

from __future__ import annotations

import base64
import math
from typing import Any

import pytest
from server_process import ServerProcess
from tiny_artifact import LABELS, picture

JSON = "application/json"


def _batch(*images: bytes) -> dict[str, Any]:
    return {"instances": [{"b64": base64.b64encode(image).decode()} for image in images]}


def test_full_answer(server: ServerProcess) -> None:
    reply = server.predict("colours", picture("green"))
    assert reply.headers["content-type"] == JSON
    answer = reply.json
    assert (answer["model"], answer["label"]) == ("colours", "green")
    assert answer["version"] == reply.headers["x-model-version"]
    assert answer["version"].startswith("20261120T132415Z-")
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-6)
    assert answer["probabilities"][LABELS.index("green")] == answer["probability"]
    assert [p["probability"] for p in answer["predictions"]] == sorted(answer["probabilities"], reverse=True)


def test_array_is_the_bare_list_in_class_order(server: ServerProcess) -> None:
    full = server.predict("colours", picture("green")).json
    assert server.predict("colours", picture("green"), "format=array").json == full["probabilities"]


def test_the_models_own_format_is_the_default_and_attributes_override_it(server: ServerProcess) -> None:
    named = server.predict("rolled", picture("red")).json
    assert set(named) == {f"{label}_probability" for label in LABELS}
    assert max(named, key=named.__getitem__) == "green_probability"
    assert server.predict("rolled", picture("red"), "format=full").json["label"] == "green"


def test_temperature_divides_the_logits(server: ServerProcess) -> None:
    # Pure red gives logits 10, 0, 0; a JPEG of it is off by at most 2/255 in each channel.
    cold = server.predict("colours", picture("red"), "format=array").json[0]
    warm = server.predict("rolled", picture("red"), "format=array").json[1]
    assert cold == pytest.approx(1 / (1 + 2 * math.exp(-10)), abs=1e-4)
    assert warm == pytest.approx(1 / (1 + 2 * math.exp(-5)), abs=2e-3)


@pytest.mark.parametrize("attributes", ["top_k=1", "top_k=1;format=full", "trace-id-77, TOP_K = 1", "top_k=1,x=y"])
def test_top_k_shortens_only_the_predictions(server: ServerProcess, attributes: str) -> None:
    answer = server.predict("colours", picture("blue"), attributes).json
    assert [p["label"] for p in answer["predictions"]] == ["blue"]
    assert len(answer["probabilities"]) == 3


def test_top_k_of_a_named_answer(server: ServerProcess) -> None:
    assert list(server.predict("rolled", picture("red"), "top_k=1").json) == ["green_probability"]


@pytest.mark.parametrize(
    "attributes", ["top_k=0", "top_k=-1", "top_k=two", "top_k=" + "9" * 5000, "top_k=", "format=xml", "format="]
)
def test_invalid_attributes_are_refused(server: ServerProcess, attributes: str) -> None:
    reply = server.predict("colours", picture(), attributes)
    assert (reply.status, reply.json["error"]) == (400, "bad_attribute")


@pytest.mark.parametrize(
    "content_type",
    ["image/jpeg", "image/png", "image/webp", "application/x-image", "application/octet-stream", "IMAGE/JPEG; q=1"],
)
def test_supported_content_types(server: ServerProcess, content_type: str) -> None:
    reply = server.predict("colours", picture("blue", kind="PNG"), content_type=content_type)
    assert reply.json["label"] == "blue"


@pytest.mark.parametrize("content_type", ["text/csv", "", "image/svg+xml", "x" * 3000])
def test_unsupported_content_types(server: ServerProcess, content_type: str) -> None:
    reply = server.predict("colours", picture(), content_type=content_type)
    assert (reply.status, reply.json["error"]) == (415, "unsupported_content_type")


@pytest.mark.parametrize(
    ("accept", "status"), [("*/*", 200), ("text/html, application/json;q=0.5", 200), ("text/csv", 406)]
)
def test_accept(server: ServerProcess, accept: str, status: int) -> None:
    headers = {"Content_Type": "image/jpeg", "Accept": accept}
    assert server.call("POST", "/models/colours/invoke", picture(), **headers).status == status


def test_a_batch_answers_in_order(server: ServerProcess) -> None:
    colours = ["red", "blue", "green", "blue"] * 8
    reply = server.call("POST", "/models/colours/invoke", _batch(*map(picture, colours)), Content_Type=JSON)
    assert [answer["label"] for answer in reply.json["predictions"]] == colours
    assert reply.headers["x-model-version"] == reply.json["predictions"][0]["version"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (_batch(picture(), b"not an image", picture()), 400, "instance 1: "),
        ({"instances": []}, 400, "instances"),
        ({"instances": [{"b64": "%%%"}]}, 400, "instance 0: b64 is not base64"),
        ({"instances": [{"url": "http://169.254.169.254/"}]}, 400, "instance 0 must be"),
        ({"instances": ["text"]}, 400, "instance 0 must be"),
        ({"images": []}, 400, "instances"),
        (b"{", 400, "instances"),
        (b"[" * 100_000, 400, "instances"),
        (b"\xff\xfe\x00", 400, "instances"),
        (_batch(*[picture(size=(8, 8))] * 65), 413, "at most 64"),
    ],
)
def test_batches_that_are_refused(server: ServerProcess, body: Any, status: int, words: str) -> None:
    reply = server.call("POST", "/models/colours/invoke", body, Content_Type=JSON)
    assert reply.status == status
    assert words in reply.json["message"]


def test_request_ids_are_honoured_and_returned(server: ServerProcess) -> None:
    assert server.call("GET", "/ping", X_Amzn_RequestId="a-b-1").headers["x-amzn-requestid"] == "a-b-1"
    assert len(server.call("GET", "/ping", X_Request_Id="bad id\t").headers["x-request-id"]) == 36
