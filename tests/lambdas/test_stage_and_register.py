"""The immutable key, and the registry's entry."""

from __future__ import annotations

import hashlib

import boto3
import pytest
from botocore.validate import ParamValidator

from lambdas.register_model.package import model_package
from lambdas.stage_artifact.environment import Environment
from lambdas.stage_artifact.handler import handler
from lambdas.stage_artifact.staging import ArtifactConflict

EVENT = {"model": "m", "run_uri": "s3://artifacts-bucket/runs/r/m/", "version": "v1"}
KEY = "models/m/v1/model.tar.gz"


@pytest.fixture
def environment(aws):
    aws.s3.put_object(Bucket=aws.artifacts, Key="runs/r/m/model.tar.gz", Body=b"archive")
    return Environment(aws.artifacts)


def test_the_candidate_is_copied_and_its_hash_answered(aws, environment, function):
    answer = function(handler, environment, EVENT)
    assert answer == {
        "target_model": "m/v1/model.tar.gz",
        "archive_uri": "s3://artifacts-bucket/models/m/v1/model.tar.gz",
        "sha256": hashlib.sha256(b"archive").hexdigest(),
        "copied": True,
    }
    assert aws.s3.get_object(Bucket=aws.artifacts, Key=KEY)["Body"].read() == b"archive"


def test_a_second_time_copies_nothing(aws, environment, function):
    function(handler, environment, EVENT)
    assert function(handler, environment, EVENT)["copied"] is False


def test_other_bytes_at_the_key_are_never_overwritten(aws, environment, function):
    aws.s3.put_object(Bucket=aws.artifacts, Key=KEY, Body=b"somebody else's")
    with pytest.raises(ArtifactConflict, match="a version is never written twice"):
        function(handler, environment, EVENT)
    assert aws.s3.get_object(Bucket=aws.artifacts, Key=KEY)["Body"].read() == b"somebody else's"


GATE = {"passed": True, "reason": "good", "accuracy": 0.9, "champion_accuracy": 0.8}
REGISTER = {
    **EVENT,
    "package_group": "kennel-dev-m",
    "execution": "run-1",
    "manifest_id": "0123",
    "dataset": "dogs",
    "training_job": "job-1",
    "gate": GATE,
    "archive_uri": "s3://artifacts-bucket/models/m/v1/model.tar.gz",
}


def test_the_package_is_one_that_the_service_takes():
    request = model_package(REGISTER, "123456789012.dkr.ecr.us-east-1.amazonaws.com/serving:1")
    shape = boto3.client("sagemaker").meta.service_model.operation_model("CreateModelPackage").input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    assert len(request["ClientToken"]) <= 36
    (container,) = request["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == REGISTER["archive_uri"]


@pytest.mark.parametrize(("passed", "status"), [(True, "Approved"), (False, "Rejected")])
def test_the_gate_decides_the_approval(passed, status):
    request = model_package({**REGISTER, "gate": {**GATE, "passed": passed}}, "image")
    assert request["ModelApprovalStatus"] == status


def test_lineage_and_scores_are_in_the_metadata():
    metadata = model_package(REGISTER, "image")["CustomerMetadataProperties"]
    assert metadata["training_job"] == "job-1" and metadata["manifest_id"] == "0123"
    assert (metadata["accuracy"], metadata["champion_accuracy"]) == ("0.900000", "0.800000")
    first = model_package({**REGISTER, "gate": {**GATE, "champion_accuracy": None}}, "image")
    assert "champion_accuracy" not in first["CustomerMetadataProperties"]


def test_a_retry_has_the_same_token_and_another_run_has_not():
    token = model_package(REGISTER, "image")["ClientToken"]
    assert model_package(REGISTER, "image")["ClientToken"] == token
    assert model_package({**REGISTER, "execution": "run-2"}, "image")["ClientToken"] != token
