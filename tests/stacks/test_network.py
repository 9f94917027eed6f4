"""The network of the Studio stack: zones without a look-up, subnets that fit the block, endpoints where paid for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import config
from stacks.constructs.network import INTERFACE_SERVICES
from tests.stacks.assemblies import ENVIRONMENTS, TOPIC, VARIANTS, VPC, assembly, properties, synthesize, templates

SUBNET = "AWS::EC2::Subnet"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_zones_are_the_accounts_own_and_synth_looks_nothing_up(environment: str) -> None:
    zones = [item["AvailabilityZone"] for item in properties(environment, SUBNET)]
    assert zones == [{"Fn::Select": [index, {"Fn::GetAZs": ""}]} for index in range(2)]
    assert "missing" not in json.loads((assembly(environment) / "manifest.json").read_text())


def test_a_smaller_block_with_three_zones_gets_three_smaller_subnets(tmp_path: Path) -> None:
    settings = config.load("dev")
    network = settings.network.model_copy(update={"cidr": "10.8.0.0/22", "zones": 3})
    folder = synthesize(settings.model_copy(update={"network": network}), tmp_path, rule_packs=False)
    (studio,) = (json.loads(path.read_text()) for path in folder.glob("*-Studio.template.json"))
    blocks = [item["Properties"]["CidrBlock"] for item in studio["Resources"].values() if item["Type"] == SUBNET]
    assert blocks == ["10.8.0.0/26", "10.8.0.64/26", "10.8.0.128/26"]


@pytest.mark.parametrize(
    ("environment", "services"), [("local", INTERFACE_SERVICES), ("dev", ()), ("prod", INTERFACE_SERVICES)]
)
def test_interface_endpoints_exist_where_the_environment_pays_for_them(
    environment: str, services: tuple[str, ...]
) -> None:
    endpoints = properties(environment, "AWS::EC2::VPCEndpoint")
    interfaces = [item for item in endpoints if item["VpcEndpointType"] == "Interface"]
    assert sorted(item["ServiceName"].split(".", 3)[3] for item in interfaces) == sorted(services)
    assert all(len(item["SubnetIds"]) == 2 and item["PrivateDnsEnabled"] for item in interfaces)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_flow_log_role_may_write_its_own_group_and_pass_no_role(environment: str) -> None:
    (policy,) = (
        item["PolicyDocument"]["Statement"]
        for item in properties(environment, "AWS::IAM::Policy", "Studio")
        if item["PolicyName"].startswith("NetworkFlowLogRole")
    )
    (statement,) = policy
    assert sorted(statement["Action"]) == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    assert statement["Resource"]["Fn::GetAtt"][0].startswith("NetworkFlowLogGroup")


def studio_stack(tmp_path: Path, **parts: dict[str, object]) -> dict[str, dict[str, object]]:
    """The resources of a dev environment with other parts, such as `network={"zone_ids": ...}`."""
    settings = config.load("dev")
    changes = {name: getattr(settings, name).model_copy(update=values) for name, values in parts.items()}
    folder = synthesize(settings.model_copy(update=changes), tmp_path, rule_packs=False)
    (studio,) = (json.loads(path.read_text()) for path in folder.glob("*-Studio.template.json"))
    found: dict[str, dict[str, object]] = studio["Resources"]
    return found


def test_zones_may_be_chosen_by_id_and_jobs_get_a_subnet_in_each(tmp_path: Path) -> None:
    wanted = ("use1-az1", "use1-az4", "use1-az5", "use1-az6")
    resources = studio_stack(tmp_path, network={"zone_ids": wanted})
    subnets = [item["Properties"] for item in resources.values() if item["Type"] == SUBNET]
    assert [item["AvailabilityZoneId"] for item in subnets] == list(wanted)  # type: ignore[index]
    assert not [item for item in subnets if "AvailabilityZone" in item]  # type: ignore[operator]
    (training,) = (json.loads(path.read_text()) for path in tmp_path.glob("*-Training.template.json"))
    (machine,) = (i for i in training["Resources"].values() if i["Type"] == "AWS::StepFunctions::StateMachine")
    assert {f"Subnet{n}" for n in range(1, 5)} <= set(machine["Properties"]["DefinitionSubstitutions"])


@pytest.mark.parametrize(
    ("instance_type", "protocols"), [("ml.g5.xlarge", {"tcp", "udp", "50"}), ("ml.p4d.24xlarge", {"-1"})]
)
def test_instances_with_an_efa_may_send_each_other_everything(
    tmp_path: Path, instance_type: str, protocols: set[str]
) -> None:
    training = {"instance_type": instance_type, "fallback_instance_types": ()}
    resources = studio_stack(tmp_path, training=training)
    for way in ("Ingress", "Egress"):
        rules = [i["Properties"] for i in resources.values() if i["Type"] == f"AWS::EC2::SecurityGroup{way}"]
        assert {rule["IpProtocol"] for rule in rules} == protocols  # type: ignore[index]


def test_interface_endpoints_admit_this_account_only() -> None:
    found = [item for item in properties("prod", "AWS::EC2::VPCEndpoint") if item["VpcEndpointType"] == "Interface"]
    for endpoint in found:
        (statement,) = endpoint["PolicyDocument"]["Statement"]
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}


def test_a_notebook_may_start_watch_and_ask_and_change_nothing_else() -> None:
    statements = [
        item
        for policy in properties("prod", "AWS::IAM::Policy", "Studio")
        if policy["PolicyName"].startswith("StudioRole")
        for item in policy["PolicyDocument"]["Statement"]
    ]
    actions = {action for item in statements for action in _list(item["Action"])}
    assert {
        "states:StartExecution", "states:DescribeExecution", "states:GetExecutionHistory",
        "cloudformation:DescribeStacks", "sagemaker:InvokeEndpoint",
        "sagemaker:DescribeTrainingJob", "logs:GetLogEvents", "cloudwatch:GetMetricData",
    } <= actions  # fmt: skip
    changing = {item for item in actions if item.split(":")[1].startswith(("Create", "Delete", "Update"))}
    assert changing == {"kms:CreateGrant"}


def _list(value: object) -> list[str]:
    return value if isinstance(value, list) else [str(value)]


@pytest.mark.parametrize("environment", VARIANTS)
def test_in_an_existing_vpc_only_a_security_group_is_made(environment: str) -> None:
    """And none where groups are given."""
    made = {item["Type"] for item in templates(environment)["Studio"]["Resources"].values()}
    rules = {f"AWS::EC2::SecurityGroup{way}" for way in ("", "Egress", "Ingress")}
    assert {kind for kind in made if kind.startswith("AWS::EC2::")} == (
        rules if environment.startswith("prod") else set()
    )
    (domain,) = properties(environment, "AWS::SageMaker::Domain")
    (model,) = properties(environment, "AWS::SageMaker::Model")
    assert domain["VpcId"] == VPC
    assert domain["SubnetIds"] == model["VpcConfig"]["Subnets"] == list(VARIANTS[environment][1]["subnet_ids"])
    given = list(VARIANTS[environment][1].get("security_group_ids", ()))
    assert (
        not given or domain["DefaultUserSettings"]["SecurityGroups"] == model["VpcConfig"]["SecurityGroupIds"] == given
    )
    assert "missing" not in json.loads((assembly(environment) / "manifest.json").read_text())


@pytest.mark.parametrize("environment", VARIANTS)
def test_an_existing_topic_is_told_everything_and_none_is_made(environment: str) -> None:
    for kind in ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"):
        assert not properties(environment, kind)
    alarms = [
        *properties(environment, "AWS::CloudWatch::Alarm"),
        *properties(environment, "AWS::CloudWatch::CompositeAlarm"),
    ]
    assert alarms and all(item["AlarmActions"] == [TOPIC] for item in alarms)
    (budget,) = properties(environment, "AWS::Budgets::Budget")
    told = {who["Address"] for item in budget["NotificationsWithSubscribers"] for who in item["Subscribers"]}
    assert told == {TOPIC}
    failures = properties(environment, "AWS::Lambda::EventInvokeConfig")
    assert {item["DestinationConfig"]["OnFailure"]["Destination"] for item in failures} == {TOPIC}
