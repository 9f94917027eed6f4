"""Custom resources against the local cloud's services: what each makes and removes, when it must not, what it says."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from imgcls.contract import keys
from lambdas.adopt_log_group.handler import handler as adopt_log_group
from lambdas.clear_network import leftovers
from lambdas.clear_network.waiting import until_none
from lambdas.common import clients, custom_resource
from lambdas.empty_storage import buckets, registry
from lambdas.empty_storage.handler import handler as empty_storage
from lambdas.register_model import handler as register_model
from lambdas.seed_prefix.handler import handler as seed_prefix
from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

GROUP = "/aws/sagemaker/Endpoints/e"
Answers = list[dict[str, Any]]


@pytest.fixture(scope="module")
def aws(local_cloud: Any) -> Iterator[Callable[[str], Any]]:
    clients.client.cache_clear()
    yield local_cloud.cloud.client
    clients.client.cache_clear()


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[str, Answers]]:
    """URL and answers of a stand-in for CloudFormation."""
    arrived: Answers = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/answer", arrived
    server.shutdown()


@pytest.fixture
def event(receiver: tuple[str, Answers]) -> Callable[..., dict[str, Any]]:
    def made(request: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "RequestType": request,
            "ResponseURL": receiver[0],
            "StackId": "stack",
            "RequestId": "r-1",
            "LogicalResourceId": "Mine",
            "PhysicalResourceId": "mine",
            "ResourceProperties": properties,
            **more,
        }

    return made


@pytest.fixture
def answers(receiver: tuple[str, Answers]) -> Answers:
    receiver[1].clear()
    return receiver[1]


def in_status(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    monkeypatch.setattr(custom_resource, "stack_status", lambda event: status)


def full_bucket(aws: Callable[[str], Any], name: str) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="key", Body=body)
    s3.delete_object(Bucket=name, Key="key")


def names(aws: Callable[[str], Any]) -> list[str]:
    return [item["Name"] for item in aws("s3").list_buckets()["Buckets"]]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Any")


def test_a_permission_that_was_just_attached_is_waited_for(
    event: Any, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom_resource, "PROPAGATION_SECONDS", 0.6)
    outcomes = [refused("AccessDeniedException"), refused("AccessDeniedException"), None]

    def make(_: Any) -> None:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome

    custom_resource.run(event("Create", {}), make=make, remove=custom_resource.nothing)
    assert outcomes == [] and [item["Status"] for item in answers] == ["SUCCESS"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "LimitExceededException"])
def test_a_permission_that_never_comes_and_any_other_refusal_are_said(
    event: Any, answers: Answers, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(custom_resource, "PROPAGATION_SECONDS", 0.3)
    tries = []

    def make(_: Any) -> None:
        tries.append(1)
        raise refused(code)

    with pytest.raises(ClientError):
        custom_resource.run(event("Create", {}), make=make, remove=custom_resource.nothing)
    assert [item["Status"] for item in answers] == ["FAILED"]
    assert (len(tries) > 1) is (code == "AccessDeniedException")


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("InvalidNetworkInterfaceID.NotFound", []),
        ("InvalidParameterValue", ["eni-1"]),
        ("InvalidNetworkInterface.InUse", ["eni-1"]),
    ],
)
def test_an_interface_that_sagemaker_takes_away_at_the_same_time_is_not_a_failure(code: str, left: list[str]) -> None:
    class Ec2:
        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: Any) -> list[Any]:
            return [{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "Status": "available"}]}]

        def delete_network_interface(self, **_: Any) -> None:
            raise refused(code)

    assert leftovers._interfaces(Ec2(), "vpc-1", ["sg-1"]) == left


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"])
def test_an_update_empties_nothing(
    aws: Any, event: Any, answers: Answers, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    name = f"kept-{len(status)}"
    full_bucket(aws, name)
    in_status(monkeypatch, status)
    empty_storage(event("Delete", {"Bucket": name}, ResourceType="Custom::EmptyBucket"), None)
    assert name in names(aws)
    assert [item["Status"] for item in answers] == ["SUCCESS"]


def test_a_deletion_takes_the_bucket_with_everything_in_it_and_may_be_repeated(
    aws: Any, event: Any, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_bucket(aws, "gone")
    in_status(monkeypatch, "DELETE_IN_PROGRESS")
    for _ in range(2):
        empty_storage(event("Delete", {"Bucket": "gone"}, ResourceType="Custom::EmptyBucket"), None)
    assert "gone" not in names(aws)
    assert [(item["Status"], item["PhysicalResourceId"]) for item in answers] == [("SUCCESS", "mine")] * 2


def test_a_failure_is_answered_with_its_reason(event: Any, answers: Answers) -> None:
    def refuse(event: Any) -> None:
        raise RuntimeError("s3://b/k cannot be deleted: Access Denied")

    with pytest.raises(RuntimeError):
        custom_resource.run(event("Create", {}), make=refuse, remove=refuse)
    (answer,) = answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "s3://b/k cannot be deleted: Access Denied"
    assert answer["PhysicalResourceId"] == "Mine"


class Refilled:
    """A bucket into which access logs arrive while it is emptied."""

    def __init__(self, refills: int) -> None:
        self.refills, self.deleted = refills, 0

    def get_paginator(self, name: str) -> Any:
        class Pages:
            def paginate(self, **_: Any) -> list[dict[str, Any]]:
                return [{"Versions": [{"Key": "log", "VersionId": "1"}]}]

        return Pages()

    def delete_objects(self, **_: Any) -> dict[str, Any]:
        return {}

    def delete_bucket(self, **_: Any) -> None:
        if self.refills:
            self.refills -= 1
            raise ClientError({"Error": {"Code": "BucketNotEmpty", "Message": "not empty"}}, "DeleteBucket")
        self.deleted += 1


def test_late_access_logs_are_deleted_again() -> None:
    bucket = Refilled(refills=3)
    buckets.remove(bucket, "logs")
    assert bucket.deleted == 1


def test_a_bucket_that_is_filled_without_end_is_named() -> None:
    with pytest.raises(RuntimeError, match="s3://logs is filled faster than it is emptied"):
        buckets.remove(Refilled(refills=99), "logs")


def test_a_creation_that_fails_keeps_models_that_are_older(
    aws: Any, event: Any, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = [{"Key": keys.PROJECT_TAG, "Value": "p"}, {"Key": keys.ENVIRONMENT_TAG, "Value": "dev"}]
    sagemaker = aws("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="p-dev-m", Tags=tags)
    deletion = event("Delete", {"Project": "p", "Environment": "dev"}, ResourceType="Custom::EmptyRegistry")
    in_status(monkeypatch, "ROLLBACK_IN_PROGRESS")
    empty_storage(deletion, None)
    assert sagemaker.describe_model_package_group(ModelPackageGroupName="p-dev-m")
    in_status(monkeypatch, "DELETE_IN_PROGRESS")
    empty_storage(deletion, None)
    with pytest.raises(ClientError):
        sagemaker.describe_model_package_group(ModelPackageGroupName="p-dev-m")


def test_the_registry_of_another_environment_is_left_alone(aws: Any) -> None:
    tags = [{"Key": keys.PROJECT_TAG, "Value": "p"}, {"Key": keys.ENVIRONMENT_TAG, "Value": "prod"}]
    aws("sagemaker").create_model_package_group(ModelPackageGroupName="p-dev-like", Tags=tags)
    registry.remove(aws("sagemaker"), "p", "dev")
    assert aws("sagemaker").describe_model_package_group(ModelPackageGroupName="p-dev-like")


def test_two_runs_may_make_the_same_group(aws: Any) -> None:
    environment = register_model.Environment(serving_image="i", project="p", environment="dev")
    for _ in range(2):
        register_model._make_group(aws("sagemaker"), "p-dev-twice", "twice", environment)


def test_a_seed_is_one_object_and_goes_with_all_its_versions(aws: Any, event: Any, answers: Answers) -> None:
    s3 = aws("s3")
    full_bucket(aws, "seeded")
    for request in ("Create", "Update", "Delete"):
        seed_prefix(event(request, {"Bucket": "seeded", "Key": keys.MODELS_SEED}), None)
        found = s3.list_object_versions(Bucket="seeded", Prefix=keys.MODELS)
        assert bool(found.get("Versions")) == (request != "Delete")
    assert len(s3.list_object_versions(Bucket="seeded")["Versions"]) == 2
    seed_prefix(event("Delete", {"Bucket": "absent", "Key": keys.MODELS_SEED}), None)
    assert [item["Status"] for item in answers] == ["SUCCESS"] * 4


@pytest.mark.parametrize("made_by_the_service", [True, False])
def test_a_log_group_is_made_or_taken_over(
    aws: Any, event: Any, answers: Answers, monkeypatch: pytest.MonkeyPatch, made_by_the_service: bool
) -> None:
    logs, key = aws("logs"), aws("kms").create_key()["KeyMetadata"]["Arn"]
    if made_by_the_service:
        logs.create_log_group(logGroupName=GROUP)
    properties = {"LogGroupName": GROUP, "RetentionInDays": "14", "KmsKeyId": key}
    adopt_log_group(event("Create", properties), None)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert (group["retentionInDays"], group["kmsKeyId"]) == (14, key)
    assert answers[0]["PhysicalResourceId"] == GROUP
    in_status(monkeypatch, "ROLLBACK_IN_PROGRESS")
    adopt_log_group(event("Delete", properties, PhysicalResourceId=GROUP), None)
    assert logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    in_status(monkeypatch, "DELETE_IN_PROGRESS")
    for _ in range(2):
        adopt_log_group(event("Delete", properties, PhysicalResourceId=GROUP), None)
    assert not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert {item["Status"] for item in answers} == {"SUCCESS"}


def test_waiting_ends_with_the_names_of_what_is_left() -> None:
    until_none(lambda: [], "the apps")
    with pytest.raises(TimeoutError, match="the apps a, b still exist"):
        until_none(lambda: ["a", "b"], "the apps", seconds=-1)
