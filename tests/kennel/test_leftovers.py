"""What a destroy takes away beside the stacks, what it must not touch, and what it says of the rest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

import config
from kennel.cloud import teardown
from kennel.errors import KennelError
from lambdas.empty_storage import buckets

SUMMARIES = [
    {"LogicalResourceId": "AccessLogs", "PhysicalResourceId": "logs-1", "ResourceType": "AWS::S3::Bucket",
     "ResourceStatus": "DELETE_FAILED", "ResourceStatusReason": "The bucket you tried to delete is not empty"},
    {"LogicalResourceId": "Data", "PhysicalResourceId": "data-1", "ResourceType": "AWS::S3::Bucket",
     "ResourceStatus": "DELETE_COMPLETE"},
]  # fmt: skip


@pytest.fixture
def s3(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="logs-1")
        client.put_bucket_versioning(Bucket="logs-1", VersioningConfiguration={"Status": "Enabled"})
        yield client


def session(environment: str, **clients: Any) -> Any:
    pages = SimpleNamespace(paginate=lambda **_: [{"StackResourceSummaries": SUMMARIES}])
    clients["cloudformation"] = SimpleNamespace(get_paginator=lambda _: pages)
    return SimpleNamespace(
        config=config.load(environment), client=clients.__getitem__, stacks=lambda: [{"StackName": "s"}]
    )


def test_a_bucket_is_emptied_of_every_version_and_marker(s3):
    for body in (b"1", b"2"):
        s3.put_object(Bucket="logs-1", Key="models/a", Body=body)
    s3.delete_object(Bucket="logs-1", Key="models/a")
    s3.put_object(Bucket="logs-1", Key="runs/b", Body=b"3")
    buckets.empty(s3, "logs-1")
    s3.delete_bucket(Bucket="logs-1")


def test_an_environment_that_retains_its_data_is_not_touched():
    teardown.before_destroy(session("prod"))


def test_a_second_destroy_empties_the_bucket_that_the_first_could_not_delete(s3):
    s3.put_object(Bucket="logs-1", Key="late", Body=b"1")
    teardown.before_destroy(session("dev", s3=s3))
    s3.delete_bucket(Bucket="logs-1")


def test_what_stayed_is_named_with_its_reason():
    assert teardown.left(session("dev")) == [
        "AccessLogs (logs-1) is still there: The bucket you tried to delete is not empty"
    ]


def test_a_refused_delete_names_the_key(s3, monkeypatch):
    s3.put_object(Bucket="logs-1", Key="models/a", Body=b"1")
    refused = {"Errors": [{"Key": "models/a", "Code": "AccessDenied", "Message": "Access Denied"}]}
    monkeypatch.setattr(s3, "delete_objects", lambda **_: refused)
    with pytest.raises(RuntimeError, match=r"s3://logs-1/models/a cannot be deleted: Access Denied"):
        buckets.empty(s3, "logs-1")


def test_only_the_groups_of_a_domain_that_is_gone_are_deleted_from_an_existing_vpc(s3):
    from config.platform import NetworkConfig

    ec2 = boto3.client("ec2", region_name="us-east-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    names = [f"security-group-for-{way}-nfs-{domain}" for domain in ("d-ours", "d-theirs", "d-x-d-ours")
             for way in ("inbound", "outbound")]  # fmt: skip
    for name in names:
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
    network = NetworkConfig(vpc_id=vpc, subnet_ids=("subnet-01234567", "subnet-12345678"))
    made = session("dev", ec2=ec2)
    made.config = made.config.model_copy(update={"network": network})
    teardown.remove_groups(made, ["d-ours"])
    left = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    assert {item["GroupName"] for item in left} == {"default", *names[2:]}


IMPORTERS = {"storage": ["Studio", "Images", "Training"], "studio": ["Training"], "images": [], "training": ["Serving"]}


class Formation:
    """CloudFormation's exports: each stack has one, and a stack without importers is refused as AWS refuses it."""

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_imports"
        return SimpleNamespace(paginate=self._imports)

    def _imports(self, ExportName: str) -> list[Any]:
        if not (found := IMPORTERS[ExportName]):
            message = f"Export '{ExportName}' is not imported by any stack."
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "ListImports")
        return [{"Imports": [f"Kennel-Prod-{name}" for name in found]}]


def protecting(*roles: str) -> Any:
    """The strict environment, all of it deployed."""
    stacks = [
        {
            "StackName": f"Kennel-Prod-{role}",
            "EnableTerminationProtection": role in roles,
            "Outputs": [{"ExportName": role.lower()}] if role.lower() in IMPORTERS else [],
        }
        for role in ("Storage", "Studio", "Images", "Training", "Serving", "Monitoring")
    ]
    return SimpleNamespace(config=config.load("prod"), client=lambda _: Formation(), stacks=lambda: stacks)


def test_a_protected_environment_is_refused_before_anything_is_deleted():
    with pytest.raises(KennelError) as refused:
        teardown.require_unprotected(protecting("Storage", "Studio"), [])
    said = str(refused.value)
    assert "CloudFormation protects Kennel-Prod-Storage and Kennel-Prod-Studio from deletion" in said
    free = "--stack Images --stack Training --stack Serving --stack Monitoring"
    assert f"`kennel destroy --env prod {free}`" in said
    assert "update-termination-protection --no-enable-termination-protection --region" in said


@pytest.mark.parametrize(
    ("protected", "chosen", "refused"),
    [
        ((), [], False),
        (("Storage", "Studio"), ["Images", "Training", "Serving", "Monitoring"], False),
        (("Storage", "Studio"), ["Studio"], True),
        (("Studio",), ["Storage"], True),  # the CDK CLI deletes Studio with it
        (("Serving",), ["Studio"], True),  # by way of Training
        (("Storage",), ["Studio"], False),
    ],
)
def test_only_what_would_be_deleted_must_be_unprotected(protected, chosen, refused):
    names = [f"Kennel-Prod-{role}" for role in chosen]
    if not refused:
        teardown.require_unprotected(protecting(*protected), names)
        return
    with pytest.raises(KennelError, match=f"CloudFormation protects Kennel-Prod-{protected[-1]} from deletion"):
        teardown.require_unprotected(protecting(*protected), names)
