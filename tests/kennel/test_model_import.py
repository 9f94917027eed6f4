"""`kennel models import` up to the execution that it starts."""

from __future__ import annotations

import json
from types import SimpleNamespace

import boto3
import pytest
import torch
from moto import mock_aws

import config
from imgcls.contract import keys
from imgcls.networks import architectures
from kennel.errors import KennelError
from kennel.models import imported

CATS = "cat-dog-classifier"


@pytest.fixture
def session(monkeypatch):
    """The local environment with a data set uploaded; `started` gets what would start an execution."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    started = []
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        for bucket in ("data", "artifacts"):
            s3.create_bucket(Bucket=bucket)
        for name in ("cats", "dogs"):
            s3.put_object(Bucket="data", Key=f"datasets/cats-dogs/{name}/1.jpg", Body=b"x")
        clients = {"s3": s3, "stepfunctions": SimpleNamespace(start_execution=lambda **call: started.append(call))}
        outputs = {"DataBucket": "data", "ArtifactsBucket": "artifacts", "StateMachineArn": "arn"}
        yield SimpleNamespace(
            config=config.load("local"), client=clients.__getitem__, output=outputs.__getitem__, started=started
        )


def write(folder, labels="dogs\ncats\n"):
    weights, text = folder / "weights.pth", folder / "labels.txt"
    torch.save(architectures.build("simple_cnn", 2).state_dict(), weights)
    text.write_text(labels)
    return {"weights": weights, "labels": text, "architecture": "simple_cnn"}


def begin(session, folder, **changes):
    values = {**write(folder), **changes}
    return imported.start(session, values.pop("weights"), **values)


def test_the_artifact_is_uploaded_and_a_run_without_training_started(session, tmp_path):
    done = begin(session, tmp_path)
    [call] = session.started
    assert json.loads(call["input"]) == {"models": [CATS], "tune": False, "trained": {CATS: done.uri}}
    bucket, key = keys.parse_uri(done.uri)
    assert key == f"runs/{done.execution}/{CATS}/output/imported/output/model.tar.gz" and call["name"] == done.execution
    assert session.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 1_000_000


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"architecture": "mobilenet_v3_large"},
            "no model of kennel-local has the network mobilenet_v3_large: add one to kennel.yaml",
        ),
        ({"name": "poodle"}, "there is no model poodle in local; choose from cat-dog-classifier"),
        ({"name": "dog-breed-resnet50"}, "dog-breed-resnet50 is configured with the network resnet50, not simple_cnn"),
        ({"preprocessing": {"resize": 300}}, "is configured with resize 256, and the weights were trained with 300"),
        ({"preprocessing": {"size": 3}}, "--preprocessing: preprocessing has unknown fields"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_started(session, tmp_path, changes, sentence):
    with pytest.raises(KennelError, match=sentence):
        begin(session, tmp_path, **changes)
    assert not session.started and session.client("s3").list_objects_v2(Bucket="artifacts")["KeyCount"] == 0


@pytest.mark.slow
def test_labels_that_are_not_the_data_sets_are_refused_by_the_script(session, tmp_path):
    (tmp_path / "others.txt").write_text("cats\nbirds\n")
    with pytest.raises(KennelError, match="the labels lack 'dog'"):
        begin(session, tmp_path, labels=tmp_path / "others.txt")
    assert not session.started


def test_a_data_set_that_was_not_uploaded_is_refused_with_the_command(session, tmp_path):
    with pytest.raises(KennelError, match="kennel data upload DIR --dataset dog-breeds"):
        begin(session, tmp_path, architecture="resnet18")


def test_two_models_of_one_architecture_must_be_told_apart(session):
    catalog = session.config
    twin = catalog.model(CATS).model_copy(update={"name": "other-cats"})
    with pytest.raises(KennelError, match=f"{CATS} and other-cats are both a simple_cnn: give one with --name"):
        imported.choose_model(catalog.model_copy(update={"models": (*catalog.models, twin)}), "simple_cnn", None)


@pytest.mark.parametrize(
    "text", ["002.B\n\n001.A\n", '["002.B", "001.A"]', '["B", "A"]', '{"A": 1, "B": 0}', '{"001.A": "1", "B": "0"}']
)
def test_labels_are_read_as_people_keep_them(tmp_path, text):
    (tmp_path / "labels").write_text(text)
    assert imported.read_labels(tmp_path / "labels", {"B": "Borzoi"}) == ["Borzoi", "A"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("A\n", "at least two labels"),
        ("[1, 2]", "at least two labels, as texts"),
        ('["A", ', "is not JSON"),
        ('{"A": 1, "B": 2}', "must map each label to its index, from 0 to 1"),
        (None, "there is no file"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path, text, sentence):
    if text is not None:
        (tmp_path / "labels").write_text(text)
    with pytest.raises(KennelError, match=sentence):
        imported.read_labels(tmp_path / "labels", {})
