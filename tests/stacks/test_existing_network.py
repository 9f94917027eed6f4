"""Deployed into a VPC of somebody else and told to a topic of theirs: used, and left as it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

import config
from config.app import AppConfig
from config.platform import NetworkConfig
from kennel.cloud import teardown
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.stacks.assemblies import synthesize
from tests.stacks.deployment import Deployment

__all__ = ["local_cloud", "local_cloud_images"]

FOREIGN = "security-group-for-{}-nfs-d-somebodyelses"


@dataclass(frozen=True)
class Platform:
    """What a platform team has made before."""

    vpc: str
    subnets: tuple[str, ...]
    groups: dict[str, str]
    topic: str
    queue: str

    def settings(self, **network: Any) -> AppConfig:
        made = NetworkConfig(vpc_id=self.vpc, subnet_ids=self.subnets, **network)
        return config.load("local").model_copy(update={"network": made, "notify": (self.topic,)})


@pytest.fixture(scope="module")
def client(local_cloud: Any) -> Callable[[str], Any]:
    found: Callable[[str], Any] = local_cloud.cloud.client
    return found


@pytest.fixture(scope="module")
def platform(client: Callable[[str], Any]) -> Platform:
    ec2, sns, sqs = client("ec2"), client("sns"), client("sqs")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = tuple(
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    )
    groups = {
        name: ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in (FOREIGN.format("inbound"), FOREIGN.format("outbound"), "jobs")
    }
    topic = sns.create_topic(Name="platform-alarms")["TopicArn"]
    queue = sqs.create_queue(QueueName="platform")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return Platform(vpc, subnets, groups, topic, queue)


def groups_in(client: Callable[[str], Any], vpc: str) -> dict[str, str]:
    found = client("ec2").describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    return {item["GroupName"]: item["GroupId"] for item in found if item["GroupName"] != "default"}


@pytest.fixture
def made(client: Callable[[str], Any], platform: Platform, tmp_path: Any) -> Iterator[Callable[..., Deployment]]:
    def make(*roles: str, **network: Any) -> Deployment:
        folder = synthesize(platform.settings(**network), tmp_path, rule_packs=False)
        deployment = Deployment(client, folder)
        for role in roles:
            assert deployment.create(role) == "CREATE_COMPLETE", deployment.failures(role)
        return deployment

    yield make
    for stack in client("cloudformation").describe_stacks()["Stacks"]:
        assert not stack["StackName"].startswith("Kennel-"), f"{stack['StackName']} stayed"


def test_a_destroy_leaves_the_vpc_and_other_domains_groups_alone(
    client: Callable[[str], Any], platform: Platform, made: Callable[..., Deployment]
) -> None:
    before, networks = groups_in(client, platform.vpc), len(client("ec2").describe_vpcs()["Vpcs"])
    stacks = made("Storage", "Studio")
    assert len(client("ec2").describe_vpcs()["Vpcs"]) == networks
    assert not stacks.physical("Studio", "AWS::EC2::VPCEndpoint")
    (domain,) = stacks.physical("Studio", "AWS::SageMaker::Domain")
    described = client("sagemaker").describe_domain(DomainId=domain)
    assert (described["VpcId"], tuple(described["SubnetIds"])) == (platform.vpc, platform.subnets)
    client("sagemaker").create_space(
        DomainId=domain, SpaceName="work", OwnershipSettings={"OwnerUserProfileName": "data-scientist"}
    )
    client("sagemaker").create_app(DomainId=domain, SpaceName="work", AppType="JupyterLab", AppName="default")
    assert stacks.delete("Studio") == "DELETE_COMPLETE", stacks.failures("Studio")
    left = groups_in(client, platform.vpc)
    assert {name for name in left if name not in before} == {
        f"security-group-for-{way}-nfs-{domain}" for way in ("inbound", "outbound")
    }
    session = SimpleNamespace(config=platform.settings(), client=client, stacks=lambda: [])
    teardown.remove_groups(session, [domain])  # type: ignore[arg-type]
    assert groups_in(client, platform.vpc) == before
    assert stacks.delete("Storage") == "DELETE_COMPLETE", stacks.failures("Storage")


def test_with_groups_given_too_nothing_is_made_in_the_vpc(
    client: Callable[[str], Any], platform: Platform, made: Callable[..., Deployment]
) -> None:
    before, given = groups_in(client, platform.vpc), platform.groups["jobs"]
    stacks = made("Storage", "Studio", security_group_ids=(given,))
    (domain,) = stacks.physical("Studio", "AWS::SageMaker::Domain")
    found = client("sagemaker").describe_domain(DomainId=domain)["DefaultUserSettings"]["SecurityGroups"]
    assert found == [given]
    assert not stacks.physical("Studio", "AWS::EC2::SecurityGroup")
    assert stacks.delete("Studio") == "DELETE_COMPLETE", stacks.failures("Studio")
    session = SimpleNamespace(config=platform.settings(), client=client, stacks=lambda: [])
    teardown.remove_groups(session, [domain])  # type: ignore[arg-type]
    assert groups_in(client, platform.vpc) == before
    assert stacks.delete("Storage") == "DELETE_COMPLETE", stacks.failures("Storage")


def test_the_outcome_of_a_run_arrives_at_the_existing_topic(
    client: Callable[[str], Any], platform: Platform, made: Callable[..., Deployment]
) -> None:
    stacks = made("Storage", "Studio", "Images", "Training")
    assert not stacks.physical("Storage", "AWS::SNS::Topic")
    (machine,) = stacks.physical("Training", "AWS::StepFunctions::StateMachine")
    run = client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps({"dataset": "none-such"}))
    message = received(client("sqs"), platform.queue)
    assert message["execution"] == run["executionArn"].rpartition(":")[2]
    for role in ("Training", "Images", "Studio", "Storage"):
        assert stacks.delete(role) == "DELETE_COMPLETE", stacks.failures(role)
    assert platform.topic in [item["TopicArn"] for item in client("sns").list_topics()["Topics"]]


def received(sqs: Any, queue: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while not (found := sqs.receive_message(QueueUrl=queue).get("Messages")):
        assert time.monotonic() < deadline, "nothing arrived"
        time.sleep(0.5)
    body: dict[str, Any] = json.loads(found[0]["Body"])
    return body
