"""An export in use that would go or change is said before a deploy, with what to do first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from kennel.cloud import assembly, exports
from kennel.cloud.assembly import Stack
from kennel.cloud.change_sets import Planner
from kennel.cloud.exports import Conflict
from kennel.workspace import project
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.kennel.preflight.aws import StubbedSession
from tests.kennel.test_change_sets import deploy, planner, stack
from tests.stacks.assemblies import synthesize
from tests.stacks.deployment import Deployment

__all__ = ["local_cloud", "local_cloud_images"]


def owner(*names: str, prefix: str = "Kennel-Dev", **properties: str) -> Stack:
    """A stack called Studio with a named topic per name, each exported."""
    resources = {
        name: {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{prefix}-{name}{properties.get(name, '')}"}}
        for name in names
    }
    outputs = {name: {"Value": {"Ref": name}, "Export": {"Name": f"{prefix}:{name}"}} for name in names}
    return stack(f"{prefix}-Studio", resources, outputs)


def user(role: str, *names: str, prefix: str = "Kennel-Dev") -> Stack:
    imports = {
        f"P{number}": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::ImportValue": f"{prefix}:{name}"}},
        }
        for number, name in enumerate(names)
    }
    own = {"Own": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": str(len(names))}}}
    return stack(f"{prefix}-{role}", {**imports, **own})


def found(*stacks: Stack) -> list[Conflict]:
    return exports.conflicts(planner(), stacks)


@pytest.fixture(scope="module")
def deployed(local_cloud) -> None:
    for made in (owner("A", "B", "Unused"), user("Training", "A", "B"), user("Serving", "A")):
        deploy(made)


def test_nothing_deployed_or_nothing_changed_is_not_a_conflict(deployed) -> None:
    assert not found(owner("A", prefix="Fresh-Dev"), user("Training", "A", prefix="Fresh-Dev"))
    assert not found(owner("A", "B", "Unused"), user("Training", "A", "B"), user("Serving", "A"))


def test_an_export_that_nobody_uses_may_go(deployed) -> None:
    assert not found(owner("A", "B"), user("Training", "A", "B"), user("Serving", "A"))


def test_users_that_stop_importing_are_deployed_first(deployed) -> None:
    conflict = found(owner("A", "Unused"), user("Training", "A"), user("Serving", "A"))
    assert conflict == [Conflict("Kennel-Dev-Studio", ("Kennel-Dev:B",), ("Kennel-Dev-Training",), order=True)]
    assert conflict[0].sentence("dev") == (
        "Kennel-Dev-Studio would take away or change what Kennel-Dev-Training import from it (Kennel-Dev:B), which "
        "CloudFormation refuses half-way: run `kennel deploy --env dev --stack Training`, which ends the imports, then "
        "deploy the rest"
    )


def test_users_that_need_something_new_are_destroyed_first(deployed) -> None:
    (conflict,) = found(owner("A", "Unused", "New"), user("Training", "A", "New"), user("Serving", "A"))
    assert not conflict.order
    assert conflict.sentence("dev").endswith("run `kennel destroy --env dev --stack Training`, then deploy")


def test_an_export_of_what_is_replaced_changes(deployed) -> None:
    """Its name and its expression stay; only the change set shows it."""
    (conflict,) = found(owner("A", "B", "Unused", A="2"), user("Training", "A", "B"), user("Serving", "A"))
    assert conflict.exports == ("Kennel-Dev:A",) and not conflict.order
    assert "--stack Training --stack Serving`, then deploy" in conflict.sentence("dev")


def test_cloudformation_refuses_what_is_said_here(deployed) -> None:
    """Else the sentence would be wrong."""
    client, made = boto3.client("cloudformation"), owner("A", "Unused")
    client.update_stack(StackName=made.name, TemplateBody=made.body)
    with pytest.raises(WaiterError, match="terminal failure"):
        client.get_waiter("stack_update_complete").wait(StackName=made.name, WaiterConfig={"Delay": 1})
    events = client.describe_stack_events(StackName=made.name)["StackEvents"]
    assert any("in use by Kennel-Dev-Training" in event.get("ResourceStatusReason", "") for event in events)


def test_a_domain_does_not_move_to_another_vpc(local_cloud) -> None:
    ec2, subnets = boto3.client("ec2"), {}
    for number in (51, 52):
        vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        subnets[vpc] = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.0.0/24")["Subnet"]["SubnetId"]
    first, second = subnets

    def studio(vpc: str, **more: str) -> Stack:
        role = {"ExecutionRole": "arn:aws:iam::123456789012:role/studio"}
        placed = {"VpcId": vpc, "SubnetIds": [subnets[vpc]], "DefaultUserSettings": role}
        domain = {"DomainName": "named", "AuthMode": "IAM", **placed, **more}
        return stack("Kennel-Own-Studio", {"Domain": {"Type": "AWS::SageMaker::Domain", "Properties": domain}})

    deploy(studio(first))
    assert not found(studio(first, AppNetworkAccessType="VpcOnly"))
    (conflict,) = found(studio(second))
    assert conflict.sentence("own") == (
        "Kennel-Own-Studio would move Domain to another VPC, which SageMaker refuses half-way: run `kennel destroy "
        "--env own --stack Studio`, which deletes it with its spaces, then deploy"
    )
    domain = boto3.client("sagemaker").list_domains()["Domains"][0]["DomainId"]
    with pytest.raises(ClientError, match="VpcId"):
        boto3.client("sagemaker").update_domain(DomainId=domain, VpcId=second)


def serving(instance_type: str, *, scales: bool = True, name: str = "kennel-own") -> Stack:
    """The parts of the Serving stack that scaling is about, behind its switch."""
    on = {"Condition": "IsOn"}
    variant = {"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": instance_type, "InitialInstanceCount": 1}
    endpoint = {"EndpointName": name, "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}}
    target = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
    }
    resources = {
        "Config": {"Type": exports.ENDPOINT_CONFIG, "Properties": {"ProductionVariants": [variant]}},
        "Endpoint": {"Type": exports.ENDPOINT, "Properties": endpoint, **on},
        **({"Target": {"Type": exports.SCALABLE_TARGET, "Properties": target, **on}} if scales else {}),
    }
    switch = {"EndpointEnabled": {"Type": "String", "Default": "true"}}
    return stack("Kennel-Own-Serving", resources, Parameters=switch)


class Serving:
    """A planner's view of the Serving stack that is deployed."""

    def __init__(self, made: Stack, on: str = "true") -> None:
        self._template, self._on = made.template, on

    def deployed(self, stack: Stack) -> Any:
        return {"Parameters": [{"ParameterKey": "EndpointEnabled", "ParameterValue": self._on}]}

    def deployed_template(self, stack: Stack) -> Any:
        return self._template

    def exported_by(self, stack: Stack) -> set[str]:
        return set()


def test_another_instance_type_under_scaling_is_refused_with_the_way_out() -> None:
    small, large = serving("ml.c7i.large"), serving("ml.c7i.xlarge")
    (conflict,) = exports.conflicts(Serving(small), [large])  # type: ignore[arg-type]
    assert conflict.sentence("own") == (
        "Kennel-Own-Serving would change the instance type of kennel-own while its scaling is registered, which "
        "SageMaker refuses half-way: run `kennel endpoint off --env own`, deploy, then `kennel endpoint on --env own`"
    )
    # CloudFormation updates the endpoint before it takes the target away.
    assert exports.conflicts(Serving(small), [serving("ml.c7i.xlarge", scales=False)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("deployed", "on", "new"),
    [
        (serving("ml.c7i.large"), "false", serving("ml.c7i.xlarge")),
        (serving("ml.c7i.large", scales=False), "true", serving("ml.c7i.xlarge")),
        (serving("ml.c7i.large"), "true", serving("ml.c7i.large", scales=False)),
        (serving("ml.c7i.large"), "true", serving("ml.c7i.xlarge", name="another")),
    ],
    ids=["off", "of a fixed size", "same type", "another endpoint"],
)
def test_otherwise_an_instance_type_may_change(deployed: Stack, on: str, new: Stack) -> None:
    assert not exports.conflicts(Serving(deployed, on), [new])  # type: ignore[arg-type]


def test_the_stacks_of_an_environment_are_read_as_they_are(tmp_path: Path) -> None:
    """By the templates themselves: one that scales, and the same with another type."""
    config = project.config("dev")
    larger = config.endpoint.model_copy(update={"instance_type": "ml.c7i.xlarge"})
    old, new = (
        next(made for made in assembly.read(folder, StubbedSession(config)) if made.name.endswith("-Serving"))
        for folder in (
            synthesize(config, tmp_path / "old", rule_packs=False),
            synthesize(config.model_copy(update={"endpoint": larger}), tmp_path / "new", rule_packs=False),
        )
    )
    (conflict,) = exports.conflicts(Serving(old), [new])  # type: ignore[arg-type]
    assert conflict.retyped == (config.endpoint.name,)


def test_a_stack_of_somebody_else_is_named() -> None:
    sentence = Conflict("Kennel-Dev-Studio", ("x",), ("Other-Dev-Training",), order=False).sentence("dev")
    assert sentence.endswith("delete Other-Dev-Training first, or end their imports")


def test_a_zone_fewer_is_refused_before_anything_happens(local_cloud, tmp_path) -> None:
    """The stacks themselves: Training and Serving import a subnet per zone, and stop importing the third."""
    session = StubbedSession(project.config("local"))
    session.client_as = lambda service, role: boto3.client(service)  # type: ignore[method-assign]
    three, two = (in_zones(session, tmp_path / str(zones), zones) for zones in (3, 2))
    made = Deployment(boto3.client, tmp_path / "3")
    for role in ("Storage", "Studio", "Images", "Training"):
        assert made.create(role) == "CREATE_COMPLETE", made.failures(role)
    assert not exports.conflicts(Planner(session), three)
    (conflict,) = exports.conflicts(Planner(session), two)
    assert (conflict.stack, conflict.users, conflict.order) == ("Kennel-Local-Studio", ("Kennel-Local-Training",), True)
    # The way out is one.
    fewer = Deployment(boto3.client, tmp_path / "2")
    assert fewer.update("Training") == "UPDATE_COMPLETE", fewer.failures("Training")
    assert not exports.conflicts(Planner(session), two)
    assert fewer.update("Studio") == "UPDATE_COMPLETE", fewer.failures("Studio")


def in_zones(session: StubbedSession, folder: Path, zones: int) -> tuple[Stack, ...]:
    network = session.config.network.model_copy(update={"zones": zones})
    studio = session.config.studio.model_copy(update={"enabled": False})  # a domain's subnets take a replacement
    settings = session.config.model_copy(update={"network": network, "studio": studio})
    return assembly.read(synthesize(settings, folder, rule_packs=False), session)
