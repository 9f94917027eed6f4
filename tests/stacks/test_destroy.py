"""Deleting the stacks alone, as `cdk destroy` does: nothing stays, nothing is emptied too early, nothing blocks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import config
from config.app import AppConfig
from config.platform import StorageConfig
from imgcls.contract import keys
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.stacks.assemblies import assembly, synthesize
from tests.stacks.deployment import Deployment

__all__ = ["local_cloud", "local_cloud_images"]

OURS = [{"Key": keys.PROJECT_TAG, "Value": "kennel"}, {"Key": keys.ENVIRONMENT_TAG, "Value": "local"}]
PACKAGE = {
    "Containers": [{"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/kennel/serving:local"}],
    "SupportedContentTypes": ["image/jpeg"],
    "SupportedResponseMIMETypes": ["application/json"],
}
BROKEN = {"Type": "AWS::Batch::JobQueue", "Properties": {}}
"""A type that fails everywhere: the local cloud does not have it."""


@pytest.fixture(scope="module")
def client(local_cloud: Any) -> Callable[[str], Any]:
    found: Callable[[str], Any] = local_cloud.cloud.client
    return found


def retained() -> AppConfig:
    return config.load("local").model_copy(update={"storage": StorageConfig(retain=True)})


@pytest.fixture
def storage(client: Callable[[str], Any]) -> Iterator[Deployment]:
    made = Deployment(client, assembly("local"))
    assert made.create("Storage") == "CREATE_COMPLETE", made.failures("Storage")
    yield made
    if any(item["StackName"] == made.name("Storage") for item in stacks(client)):
        assert made.delete("Storage") == "DELETE_COMPLETE"


def stacks(client: Callable[[str], Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client("cloudformation").describe_stacks()["Stacks"]
    return found


def buckets(client: Callable[[str], Any]) -> list[str]:
    names = [item["Name"] for item in client("s3").list_buckets()["Buckets"]]
    return [name for name in names if not name.startswith("cdk-")]


def register(client: Callable[[str], Any], name: str, tags: list[dict[str, str]]) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=tags)
    sagemaker.create_model_package(ModelPackageGroupName=name, InferenceSpecification=PACKAGE)


def fill(client: Callable[[str], Any]) -> None:
    """Two versions and a delete marker in each bucket."""
    s3 = client("s3")
    for name in buckets(client):
        for body in (b"1", b"2"):
            s3.put_object(Bucket=name, Key="some/key", Body=body)
        s3.delete_object(Bucket=name, Key="some/key")


def test_full_buckets_and_registered_models_do_not_stop_a_destroy(client: Any, storage: Deployment) -> None:
    fill(client)
    register(client, "kennel-local-dogs", OURS)
    register(client, "kennel-local-somebody-elses", [])
    assert storage.delete("Storage") == "DELETE_COMPLETE", storage.failures("Storage")
    assert buckets(client) == []
    (left,) = client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert left["ModelPackageGroupName"] == "kennel-local-somebody-elses"


def test_an_update_that_begins_to_retain_the_data_keeps_all_of_it(
    client: Any, storage: Deployment, tmp_path: Path
) -> None:
    fill(client)
    before = buckets(client)
    kept = Deployment(client, synthesize(retained(), tmp_path, rule_packs=False))
    assert kept.update("Storage") == "UPDATE_COMPLETE", kept.failures("Storage")
    assert not kept.physical("Storage", "Custom::EmptyBucket")
    assert buckets(client) == before
    for name in before:
        assert len(client("s3").list_object_versions(Bucket=name, Prefix="some/key")["Versions"]) == 2
    assert storage.update("Storage") == "UPDATE_COMPLETE"


def test_what_is_retained_outlives_a_destroy_and_the_next_deploy(client: Any, tmp_path: Path) -> None:
    made = Deployment(client, synthesize(retained(), tmp_path, rule_packs=False))
    assert made.create("Storage") == "CREATE_COMPLETE", made.failures("Storage")
    register(client, "kennel-local-cats", OURS)
    first = buckets(client)
    assert made.delete("Storage") == "DELETE_COMPLETE", made.failures("Storage")
    assert buckets(client) == first
    assert client("sagemaker").list_model_packages(ModelPackageGroupName="kennel-local-cats")["ModelPackageSummaryList"]
    assert made.create("Storage") == "CREATE_COMPLETE", made.failures("Storage")
    assert made.delete("Storage") == "DELETE_COMPLETE"


def test_a_failed_first_deploy_leaves_nothing_in_the_way_of_the_second(client: Any, tmp_path: Path) -> None:
    before = buckets(client)
    made = Deployment(client, synthesize(retained(), tmp_path, rule_packs=False))
    resources = made.templates["Storage"]["Resources"]
    resources["Broken"] = {**BROKEN, "DependsOn": [name for name in resources]}
    assert made.create("Storage") == "ROLLBACK_COMPLETE", made.failures("Storage")
    assert buckets(client) == before
    assert made.delete("Storage") == "DELETE_COMPLETE"
    del resources["Broken"]
    assert made.create("Storage") == "CREATE_COMPLETE", made.failures("Storage")
    assert made.delete("Storage") == "DELETE_COMPLETE"


def test_an_open_notebook_does_not_stop_a_destroy(client: Any, storage: Deployment) -> None:
    assert storage.create("Studio") == "CREATE_COMPLETE", storage.failures("Studio")
    (domain,) = storage.physical("Studio", "AWS::SageMaker::Domain")
    sagemaker, ec2 = client("sagemaker"), client("ec2")
    sagemaker.create_space(
        DomainId=domain, SpaceName="work", OwnershipSettings={"OwnerUserProfileName": "data-scientist"}
    )
    sagemaker.create_app(DomainId=domain, SpaceName="work", AppType="JupyterLab", AppName="default")
    (vpc,) = storage.physical("Studio", "AWS::EC2::VPC")
    assert ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]
    assert storage.delete("Studio") == "DELETE_COMPLETE", storage.failures("Studio")
    assert sagemaker.list_domains()["Domains"] == []
    assert not [item for item in ec2.describe_vpcs()["Vpcs"] if item["VpcId"] == vpc]
    assert not [group for group in ec2.describe_security_groups()["SecurityGroups"] if "nfs" in group["GroupName"]]


def test_where_data_is_retained_nobodys_space_goes_with_the_stack_or_its_profile(client: Any, tmp_path: Path) -> None:
    made = Deployment(client, synthesize(retained(), tmp_path, rule_packs=False))
    for stack in ("Storage", "Studio"):
        assert made.create(stack) == "CREATE_COMPLETE", made.failures(stack)
    (domain,) = made.physical("Studio", "AWS::SageMaker::Domain")
    sagemaker, space = client("sagemaker"), {"DomainId": domain, "SpaceName": "work"}
    sagemaker.create_space(**space, OwnershipSettings={"OwnerUserProfileName": "data-scientist"})
    resources = made.templates["Studio"]["Resources"]
    (profile,) = [name for name, item in resources.items() if item["Type"] == "AWS::SageMaker::UserProfile"]
    body = resources.pop(profile)
    assert made.update("Studio") == "UPDATE_COMPLETE"
    assert sagemaker.describe_user_profile(DomainId=domain, UserProfileName="data-scientist")
    assert made.delete("Studio") == "DELETE_FAILED"
    assert any("are associated with it" in failure for failure in made.failures("Studio")), made.failures("Studio")
    assert sagemaker.describe_space(**space)
    # Once people have deleted what is theirs.
    sagemaker.delete_space(**space)
    while sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"]:
        time.sleep(0.1)
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName=body["Properties"]["UserProfileName"])
    for stack in ("Studio", "Storage"):
        assert made.delete(stack) == "DELETE_COMPLETE", made.failures(stack)


def test_the_studio_of_a_retained_environment_is_protected_and_has_no_file_system() -> None:
    manifest = json.loads((assembly("prod") / "manifest.json").read_text())["artifacts"]
    protected = {name for name, item in manifest.items() if item.get("properties", {}).get("terminationProtection")}
    assert protected == {"Kennel-Prod-Storage", "Kennel-Prod-Studio"}


def test_the_endpoints_prefix_is_never_empty(client: Any, storage: Deployment) -> None:
    (name,) = [item for item in storage.physical("Storage", "AWS::S3::Bucket") if "artifacts" in item]
    found = client("s3").list_objects_v2(Bucket=name, Prefix=keys.MODELS)["Contents"]
    assert [item["Key"] for item in found] == [keys.MODELS_SEED]
    assert found[0]["Size"] > 0
