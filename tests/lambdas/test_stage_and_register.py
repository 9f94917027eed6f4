"""The immutable key, and the registry's entry."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from imgcls.contract import keys
from imgcls.contract.evaluation import ClassScore, Evaluation, Golden
from lambdas.common import s3
from lambdas.common.errors import Refused
from lambdas.register_model import handler as register
from lambdas.register_model.environment import Environment as RegisterEnvironment
from lambdas.register_model.package import model_package
from lambdas.stage_artifact.environment import Environment
from lambdas.stage_artifact.handler import handler
from lambdas.stage_artifact.staging import ArtifactConflict
from tests.lambdas.conftest import Account, Call

EVENT = {"model": "m", "run_uri": "s3://artifacts-bucket/runs/r/m/", "version": "v1", "source": {}}
KEY = "models/m/v1/model.tar.gz"


EVALUATION = Evaluation(
    num_images=2, accuracy=1.0, loss=0.1, ece=0.0, confusion_matrix=((1, 0), (0, 1)), latency_ms=1.0, artifact_bytes=7,
    per_class={"rose": ClassScore(1, 1.0, 1.0), "daisy": ClassScore(1, 1.0, 1.0)}, precision="fp32",
    agreement_with_fp32=1.0, version="v1",
)  # fmt: skip


@pytest.fixture
def environment(aws: Account) -> Environment:
    aws.s3.put_object(Bucket=aws.artifacts, Key="runs/r/m/model.tar.gz", Body=b"archive")
    aws.s3.put_object(
        Bucket=aws.artifacts, Key="runs/r/m/evaluation.json", Body=json.dumps(EVALUATION.to_dict()).encode()
    )
    golden = [asdict(Golden("0.jpg", "rose", "rose", (1.0, 0.0)))]
    aws.s3.put_object(Bucket=aws.artifacts, Key="runs/r/m/golden/expected.json", Body=json.dumps(golden))
    aws.s3.put_object(Bucket=aws.artifacts, Key="runs/r/m/golden/0.jpg", Body=b"jpeg")
    return Environment(aws.artifacts)


def test_the_golden_images_outlive_their_run(aws: Account, environment: Environment, function: Call) -> None:
    function(handler, environment, EVENT)
    listed = aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix="models/m/v1/golden/")["Contents"]
    assert [item["Key"].rpartition("/")[2] for item in listed] == ["0.jpg", "expected.json"]
    assert keys.golden_of("m/v1/model.tar.gz") == "models/m/v1/golden/"


def test_the_candidate_is_copied_and_its_hash_returned(aws: Account, environment: Environment, function: Call) -> None:
    answer = function(handler, environment, EVENT)
    assert answer == {
        "target_model": "m/v1/model.tar.gz",
        "archive_uri": "s3://artifacts-bucket/models/m/v1/model.tar.gz",
        "sha256": hashlib.sha256(b"archive").hexdigest(),
        "copied": True,
    }
    assert aws.s3.get_object(Bucket=aws.artifacts, Key=KEY)["Body"].read() == b"archive"


def test_an_execution_that_began_before_a_deploy_is_staged_too(
    aws: Account, environment: Environment, function: Call
) -> None:
    before = {name: value for name, value in EVENT.items() if name != "source"}
    assert function(handler, environment, before)["copied"] is True


def test_a_second_time_copies_nothing(aws: Account, environment: Environment, function: Call) -> None:
    function(handler, environment, EVENT)
    assert function(handler, environment, EVENT)["copied"] is False


def test_the_versions_labels_are_written_beside_it(aws: Account, environment: Environment, function: Call) -> None:
    function(handler, environment, EVENT)
    stored = aws.s3.get_object(Bucket=aws.artifacts, Key="models/m/v1/labels.json")["Body"].read()
    assert json.loads(stored) == ["daisy", "rose"]


def test_the_versions_evaluation_outlives_its_run(aws: Account, environment: Environment, function: Call) -> None:
    function(handler, environment, EVENT)
    stored = aws.s3.get_object(Bucket=aws.artifacts, Key=keys.evaluation_of("m/v1/model.tar.gz"))["Body"].read()
    assert Evaluation.from_dict(json.loads(stored)) == EVALUATION


def test_only_the_digest_that_is_promoted_is_staged(aws: Account, environment: Environment, function: Call) -> None:
    digest = hashlib.sha256(b"archive").hexdigest()
    with pytest.raises(Refused, match=f"has the SHA-256 {digest}, not {'0' * 64}, which was to be promoted"):
        function(handler, environment, {**EVENT, "source": {"sha256": "0" * 64}})
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix="models/")
    assert function(handler, environment, {**EVENT, "source": {"sha256": digest}})["sha256"] == digest


def test_other_bytes_at_the_key_are_never_overwritten(aws: Account, environment: Environment, function: Call) -> None:
    aws.s3.put_object(Bucket=aws.artifacts, Key=KEY, Body=b"somebody else's")
    with pytest.raises(ArtifactConflict, match="a version is never overwritten"):
        function(handler, environment, EVENT)
    assert aws.s3.get_object(Bucket=aws.artifacts, Key=KEY)["Body"].read() == b"somebody else's"


def test_of_two_copies_at_the_same_time_one_writes_the_key(aws: Account, environment: Environment) -> None:
    """The condition is a signed header of this request, and of no later one."""
    sent: list[dict[str, bytes]] = []

    def taken(request: Any, **_: Any) -> AWSResponse | None:
        sent.append(dict(request.headers))
        if len(sent) > 1:
            return None
        body = b"<Error><Code>PreconditionFailed</Code><Message>If-None-Match</Message></Error>"
        return AWSResponse(request.url, 412, {}, SimpleNamespace(stream=lambda *_: iter([body])))

    aws.s3.meta.events.register_first("before-send.s3.CopyObject", taken)
    try:
        assert not s3.copy_if_absent(aws.artifacts, "runs/r/m/model.tar.gz", KEY)
        aws.s3.copy_object(
            Bucket=aws.artifacts, Key="b", CopySource={"Bucket": aws.artifacts, "Key": "runs/r/m/model.tar.gz"}
        )
    finally:
        aws.s3.meta.events.unregister("before-send.s3.CopyObject", taken)
    assert sent[0]["If-None-Match"] in ("*", b"*") and "If-None-Match" not in sent[1]
    assert b"if-none-match;" in sent[0]["Authorization"]


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
    "sha256": "ab" * 32,
}


def test_the_package_is_valid_for_the_service() -> None:
    request = model_package(REGISTER, "123456789012.dkr.ecr.us-east-1.amazonaws.com/serving:1")
    shape = boto3.client("sagemaker").meta.service_model.operation_model("CreateModelPackage").input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    assert len(request["ClientToken"]) <= 36
    (container,) = request["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == REGISTER["archive_uri"]


@pytest.mark.parametrize(("passed", "status"), [(True, "PendingManualApproval"), (False, "Rejected")])
def test_nothing_is_approved_before_its_smoke_test(passed: bool, status: str) -> None:
    request = model_package({**REGISTER, "gate": {**GATE, "passed": passed}}, "image")
    assert request["ModelApprovalStatus"] == status


@pytest.mark.parametrize(("approved", "status"), [(True, "Approved"), (False, "Rejected")])
def test_a_pending_package_is_decided_about(
    monkeypatch: pytest.MonkeyPatch, function: Call, approved: bool, status: str
) -> None:
    requests: list[dict[str, Any]] = []
    service = SimpleNamespace(update_model_package=lambda **request: requests.append(request))
    monkeypatch.setattr(register, "client", lambda name: service)
    environment = RegisterEnvironment(serving_image="image", project="kennel", environment="dev")
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model-package/kennel-dev-m/1"
    event = {"package_arn": arn, "approved": approved, "reason": "x" * 2000}
    assert function(register.handler, environment, event) == {"package_arn": arn}
    assert requests == [{"ModelPackageArn": arn, "ModelApprovalStatus": status, "ApprovalDescription": "x" * 1024}]
    shape = boto3.client("sagemaker").meta.service_model.operation_model("UpdateModelPackage").input_shape
    assert not ParamValidator().validate(requests[0], shape).has_errors()


@pytest.mark.parametrize(
    ("status", "decided"), [("PendingManualApproval", 1), ("Rejected", 0), ("Approved", 0), ("", 0)]
)
def test_what_somebody_decided_about_a_replaced_version_stays(
    monkeypatch: pytest.MonkeyPatch, function: Call, status: str, decided: int
) -> None:
    def describe(ModelPackageName: str) -> dict[str, str]:
        if not status:
            error = {"Code": "ValidationException", "Message": f"ModelPackage {ModelPackageName} does not exist."}
            raise ClientError({"Error": error}, "DescribeModelPackage")
        return {"ModelApprovalStatus": status}

    requests: list[dict[str, Any]] = []
    update = lambda **request: requests.append(request)  # noqa: E731
    service = SimpleNamespace(describe_model_package=describe, update_model_package=update)
    monkeypatch.setattr(register, "client", lambda name: service)
    environment = RegisterEnvironment(serving_image="image", project="kennel", environment="dev")
    event = {"package_arn": "arn:package/1", "approved": False, "reason": "replaced", "if_pending": True}
    assert function(register.handler, environment, event) == {"package_arn": "arn:package/1"}
    assert [request["ModelApprovalStatus"] for request in requests] == ["Rejected"] * decided


def test_lineage_and_scores_are_in_the_metadata() -> None:
    metadata = model_package(REGISTER, "image")["CustomerMetadataProperties"]
    assert metadata["training_job"] == "job-1" and metadata["manifest_id"] == "0123"
    assert (metadata["accuracy"], metadata["champion_accuracy"]) == ("0.900000", "0.800000")
    first = model_package({**REGISTER, "gate": {**GATE, "champion_accuracy": None}}, "image")
    assert "champion_accuracy" not in first["CustomerMetadataProperties"]


def test_a_retry_has_the_same_token_and_another_run_a_different_one() -> None:
    token = model_package(REGISTER, "image")["ClientToken"]
    assert model_package(REGISTER, "image")["ClientToken"] == token
    assert model_package({**REGISTER, "execution": "run-2"}, "image")["ClientToken"] != token


class Registry:
    """SageMaker's model registry with one group."""

    def __init__(self, *groups: str) -> None:
        self.groups = set(groups)
        self.tags: dict[str, str] = {}

    def create_model_package(self, **request: Any) -> dict[str, str]:
        name = request["ModelPackageGroupName"]
        if name not in self.groups:
            error = {"Code": "ValidationException", "Message": f"Model Package Group {name} does not exist."}
            raise ClientError({"Error": error}, "CreateModelPackage")
        return {"ModelPackageArn": f"arn:{name}/1"}

    def create_model_package_group(self, **request: Any) -> None:
        self.groups.add(request["ModelPackageGroupName"])
        self.tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}


@pytest.mark.parametrize(
    ("groups", "tags"), [(["kennel-dev-m"], {}), ([], {"kennel:project": "kennel", "kennel:environment": "dev"})]
)
def test_a_model_with_a_new_name_gets_its_own_group(
    monkeypatch: pytest.MonkeyPatch, function: Call, groups: list[str], tags: dict[str, str]
) -> None:
    registry = Registry(*groups)
    monkeypatch.setattr(register, "client", lambda service: registry)
    environment = RegisterEnvironment(serving_image="image", project="kennel", environment="dev")
    answer = function(register.handler, environment, REGISTER)
    assert answer == {"package_arn": "arn:kennel-dev-m/1"}
    assert registry.tags == tags


def test_another_error_of_the_registry_is_not_hidden(monkeypatch: pytest.MonkeyPatch, function: Call) -> None:
    class Broken(Registry):
        def create_model_package(self, **request: Any) -> dict[str, str]:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "bad image"}}, "CreateModelPackage")

    monkeypatch.setattr(register, "client", lambda service: Broken())
    environment = RegisterEnvironment(serving_image="image", project="kennel", environment="dev")
    with pytest.raises(ClientError, match="bad image"):
        function(register.handler, environment, REGISTER)
