"""`ImageClassifier` against replayed answers of the service."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from PIL import Image

from kennel.client.classifier import ImageClassifier
from kennel.errors import KennelError

ANSWER = {
    "model": "dogs",
    "version": "v2",
    "label": "Borzoi",
    "probability": 0.9,
    "predictions": [{"label": "Borzoi", "probability": 0.9}, {"label": "Briard", "probability": 0.1}],
    "probabilities": [0.9, 0.1],
}


def body(value: dict[str, Any]) -> StreamingBody:
    raw = json.dumps(value).encode()
    return StreamingBody(io.BytesIO(raw), len(raw))


@pytest.fixture
def clients() -> Iterator[tuple[Any, ...]]:
    keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    runtime, s3 = boto3.client("sagemaker-runtime", **keys), boto3.client("s3", **keys)
    with Stubber(runtime) as runtime_stub, Stubber(s3) as s3_stub:
        yield runtime, s3, runtime_stub, s3_stub
        runtime_stub.assert_no_pending_responses()
        s3_stub.assert_no_pending_responses()


def alias(stub: Stubber) -> None:
    value = {
        "name": "dogs",
        "current": "dogs/v2/model.tar.gz",
        "previous": [],
        "who": "ci",
        "when": "now",
        "why": "run",
        "format": 1,
    }
    stub.add_response("get_object", {"Body": body(value)}, {"Bucket": "artifacts", "Key": "aliases/dogs.json"})


def test_the_alias_says_which_version_is_asked(clients: tuple[Any, ...]) -> None:
    runtime, s3, runtime_stub, s3_stub = clients
    alias(s3_stub)
    for _ in range(2):  # the alias is read once
        runtime_stub.add_response("invoke_endpoint", {"Body": body(ANSWER)})
    classifier = ImageClassifier("endpoint", model="dogs", bucket="artifacts", runtime=runtime, s3=s3)
    prediction = classifier.predict(b"jpeg")
    assert (prediction.label, prediction.version, prediction.target_model) == ("Borzoi", "v2", "dogs/v2/model.tar.gz")
    assert classifier.predict(Image.new("RGB", (8, 8))).predictions[1].label == "Briard"


def test_version_and_request_come_in_custom_attributes(clients: tuple[Any, ...]) -> None:
    runtime, _, stub, _ = clients
    stub.add_response("invoke_endpoint", {"Body": body(ANSWER), "CustomAttributes": "version=v3;request=r-1"})
    stub.add_response("invoke_endpoint", {"Body": body({"predictions": [ANSWER]}), "CustomAttributes": "request=r-2"})
    classifier = ImageClassifier("endpoint", target_model="dogs/v2/model.tar.gz", runtime=runtime)
    single, (many,) = classifier.predict(b"jpeg"), classifier.predict_batch([b"jpeg"])
    assert (single.version, single.request) == ("v3", "r-1")
    assert (many.version, many.request) == ("v2", "r-2")  # a server that says the version in the body only


def test_arrays_and_images_are_sent_without_loss(clients: tuple[Any, ...]) -> None:
    runtime, _, stub, _ = clients
    pixels = np.random.default_rng(1).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    classifier = ImageClassifier("endpoint", target_model="a/model.tar.gz", runtime=runtime)
    for picture in (pixels, Image.fromarray(pixels)):
        sent: list[dict[str, Any]] = []
        runtime.meta.events.register("before-parameter-build.*", lambda params, sent=sent, **_: sent.append(params))
        stub.add_response("invoke_endpoint", {"Body": body(ANSWER)})
        classifier.predict(picture)
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(sent[0]["Body"]))), pixels)


@pytest.mark.parametrize("array", [np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8), np.zeros(4, np.uint8)])
def test_arrays_that_are_not_pictures_are_refused(array: np.ndarray) -> None:
    with pytest.raises(KennelError, match="is not a picture"):
        ImageClassifier("endpoint", target_model="a/model.tar.gz", runtime=object()).predict(array)


def test_a_batch_is_split_by_the_servers_limits(clients: tuple[Any, ...]) -> None:
    runtime, _, stub, _ = clients
    sizes, sent = [0] * 70 + [4_000_000, 4_000_000], []
    runtime.meta.events.register("before-parameter-build.*", lambda params, **_: sent.append(params))
    for num in (64, 7, 1):
        stub.add_response("invoke_endpoint", {"Body": body({"predictions": [ANSWER] * num})})
    classifier = ImageClassifier("endpoint", target_model="a/model.tar.gz", runtime=runtime)
    predictions = classifier.predict_batch(b"x" * size for size in sizes)
    assert [len(json.loads(params["Body"])["instances"]) for params in sent] == [64, 7, 1]
    assert {params["ContentType"] for params in sent} == {"application/json"}
    assert all(len(params["Body"]) <= 6 * 1024 * 1024 for params in sent)
    assert len(predictions) == 72 and predictions[0].label == "Borzoi"


def test_a_cold_model_is_tried_again(clients: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kennel.client.classifier.time.sleep", lambda seconds: None)
    runtime, _, stub, _ = clients
    stub.add_client_error("invoke_endpoint", "ModelNotReadyException", "loading", 429)
    stub.add_response("invoke_endpoint", {"Body": body(ANSWER)})
    assert (
        ImageClassifier("endpoint", target_model="a/model.tar.gz", runtime=runtime).predict(b"jpeg").label == "Borzoi"
    )


def test_a_refused_image_gives_the_containers_sentence(clients: tuple[Any, ...]) -> None:
    runtime, _, stub, _ = clients
    message = json.dumps({"error": "not_an_image", "message": "the bytes are not an image (request r-1)"})
    stub.add_client_error(
        "invoke_endpoint", "ModelError", "Received client error (400)", 424,
        modeled_fields={"OriginalStatusCode": 400, "OriginalMessage": message},
    )  # fmt: skip
    with pytest.raises(KennelError, match=r"^the bytes are not an image \(request r-1\)$"):
        ImageClassifier("endpoint", target_model="a/model.tar.gz", runtime=runtime).predict(b"text")


def test_an_endpoint_that_is_off_is_named_with_the_fix(clients: tuple[Any, ...]) -> None:
    runtime, _, runtime_stub, _ = clients
    runtime_stub.add_client_error("invoke_endpoint", "ValidationError", "Endpoint kennel of account 1 not found.")
    with pytest.raises(KennelError, match="never deployed: see `kennel endpoint status`"):
        ImageClassifier("kennel", target_model="dogs/v2/model.tar.gz", runtime=runtime).predict(b"x")


def test_nothing_published_is_one_sentence(clients: tuple[Any, ...]) -> None:
    runtime, s3, _, stub = clients
    stub.add_client_error("get_object", "NoSuchKey", "", 404)
    with pytest.raises(KennelError, match="nothing is published as dogs"):
        ImageClassifier("endpoint", model="dogs", bucket="artifacts", runtime=runtime, s3=s3).predict(b"jpeg")


def test_it_needs_either_a_model_or_a_target_model() -> None:
    with pytest.raises(KennelError, match="not both"):
        ImageClassifier("endpoint", runtime=object())
