"""`ImageClassifier` against the service's own answers, replayed."""

from __future__ import annotations

import io
import json

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from PIL import Image

from kennel.classifier import ImageClassifier
from kennel.errors import KennelError

ANSWER = {
    "model": "dogs",
    "version": "v2",
    "label": "Borzoi",
    "probability": 0.9,
    "predictions": [{"label": "Borzoi", "probability": 0.9}, {"label": "Briard", "probability": 0.1}],
    "probabilities": [0.9, 0.1],
}


def body(value) -> StreamingBody:
    raw = json.dumps(value).encode()
    return StreamingBody(io.BytesIO(raw), len(raw))


@pytest.fixture
def clients():
    keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    runtime, s3 = boto3.client("sagemaker-runtime", **keys), boto3.client("s3", **keys)
    with Stubber(runtime) as runtime_stub, Stubber(s3) as s3_stub:
        yield runtime, s3, runtime_stub, s3_stub
        runtime_stub.assert_no_pending_responses()
        s3_stub.assert_no_pending_responses()


def alias(stub):
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


def test_the_alias_says_which_version_is_asked(clients):
    runtime, s3, runtime_stub, s3_stub = clients
    alias(s3_stub)
    for _ in range(2):  # the alias is read once
        runtime_stub.add_response("invoke_endpoint", {"Body": body(ANSWER)})
    classifier = ImageClassifier("endpoint", model="dogs", bucket="artifacts", runtime=runtime, s3=s3)
    prediction = classifier.predict(b"jpeg")
    assert (prediction.label, prediction.version, prediction.target_model) == ("Borzoi", "v2", "dogs/v2/model.tar.gz")
    assert classifier.predict(Image.new("RGB", (8, 8))).predictions[1].label == "Briard"


def test_a_cold_model_is_asked_again(clients, monkeypatch):
    monkeypatch.setattr("kennel.classifier.time.sleep", lambda seconds: None)
    runtime, _, stub, _ = clients
    stub.add_client_error("invoke_endpoint", "ModelNotReadyException", "loading", 429)
    stub.add_response("invoke_endpoint", {"Body": body(ANSWER)})
    assert (
        ImageClassifier("endpoint", target_model="a/model.tar.gz", runtime=runtime).predict(b"jpeg").label == "Borzoi"
    )


def test_a_refused_image_gives_the_containers_sentence(clients):
    runtime, _, stub, _ = clients
    message = json.dumps({"error": "not_an_image", "message": "the bytes are no image"})
    stub.add_client_error(
        "invoke_endpoint", "ModelError", "Received client error (400)", 424,
        modeled_fields={"OriginalStatusCode": 400, "OriginalMessage": message},
    )  # fmt: skip
    with pytest.raises(KennelError, match=r"^the bytes are no image$"):
        ImageClassifier("endpoint", target_model="a/model.tar.gz", runtime=runtime).predict(b"text")


def test_nothing_published_is_one_sentence(clients):
    runtime, s3, _, stub = clients
    stub.add_client_error("get_object", "NoSuchKey", "", 404)
    with pytest.raises(KennelError, match="nothing is published as dogs"):
        ImageClassifier("endpoint", model="dogs", bucket="artifacts", runtime=runtime, s3=s3).predict(b"jpeg")


def test_it_wants_a_model_or_a_target_model():
    with pytest.raises(KennelError, match="not both"):
        ImageClassifier("endpoint", runtime=object())
