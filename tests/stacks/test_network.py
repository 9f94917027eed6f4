"""The network of the Studio stack: zones without a look-up, subnets that fit the block, endpoints where paid for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import config
from stacks.constructs.network import INTERFACE_SERVICES
from tests.stacks.assemblies import ENVIRONMENTS, assembly, properties, synthesize

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


@pytest.mark.parametrize(("environment", "services"), [("local", ()), ("dev", ()), ("prod", INTERFACE_SERVICES)])
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
