"""An existing VPC, made in the local cloud with one thing wrong at a time: one sentence with the fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from config.platform import INTERFACE_SERVICES, NetworkConfig
from kennel.preflight import network
from kennel.preflight.finding import Finding, Level
from kennel.workspace import project
from tests.kennel.preflight.aws import StubbedSession, subject


class Vpc:
    """A VPC with everything: two zones, a gateway endpoint for S3, every interface endpoint, one group for jobs."""

    def __init__(self) -> None:
        self.ec2: Any = boto3.client("ec2", region_name="us-east-1")
        self.id = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.ec2.modify_vpc_attribute(VpcId=self.id, **{attribute: {"Value": True}})
        self.subnets = [self.subnet("10.0.0.0/24", "a"), self.subnet("10.0.1.0/24", "b")]
        self.table = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.id]}])["RouteTables"][
            0
        ]["RouteTableId"]
        self.endpoints = {name: self.interface(name) for name in INTERFACE_SERVICES}
        self.endpoints["s3"] = self.ec2.create_vpc_endpoint(
            VpcId=self.id,
            VpcEndpointType="Gateway",
            ServiceName="com.amazonaws.us-east-1.s3",
            RouteTableIds=[self.table],
        )["VpcEndpoint"]["VpcEndpointId"]
        self.group = self.ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=self.id)["GroupId"]

    def subnet(self, block: str, zone: str, vpc: str | None = None) -> str:
        made = self.ec2.create_subnet(VpcId=vpc or self.id, CidrBlock=block, AvailabilityZone=f"us-east-1{zone}")
        return str(made["Subnet"]["SubnetId"])

    def interface(self, name: str, **more: Any) -> str:
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.id,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.us-east-1.{name}",
            SubnetIds=self.subnets,
            **{"PrivateDnsEnabled": True, **more},
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def without(self, name: str) -> None:
        self.ec2.delete_vpc_endpoints(VpcEndpointIds=[self.endpoints[name]])

    def allow_jobs(self, *protocols: str, ways: tuple[str, ...] = ("ingress", "egress")) -> None:
        for protocol in protocols:
            low, high = {"tcp": (0, 65535), "udp": (500, 500)}.get(protocol, (-1, -1))
            rule = {"IpProtocol": protocol, "UserIdGroupPairs": [{"GroupId": self.group}]}
            rule |= {"FromPort": low, "ToPort": high}
            for way in ways:
                getattr(self.ec2, f"authorize_security_group_{way}")(GroupId=self.group, IpPermissions=[rule])

    def nothing_out(self) -> None:
        everywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        self.ec2.revoke_security_group_egress(GroupId=self.group, IpPermissions=everywhere)

    def route(self, **target: str) -> None:
        self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock="0.0.0.0/0", **target)

    def found(self, *, studio: bool = True, groups: bool = False, **network_: Any) -> list[Finding]:
        given = {"security_group_ids": (self.group,)} if groups else {}
        settings = NetworkConfig(**{"vpc_id": self.id, "subnet_ids": tuple(self.subnets), **given, **network_})
        on = project.config("dev").studio.model_copy(update={"enabled": studio})
        made, session = subject("dev", network=settings, studio=on)
        assert isinstance(session, StubbedSession)
        session.client = lambda service: boto3.client(service, region_name="us-east-1")  # type: ignore[method-assign]
        return list(network.existing(made))


@pytest.fixture
def vpc(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vpc]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Vpc()


def only(found: list[Finding], level: Level = Level.ERROR) -> str:
    (finding,) = found
    assert finding.level is level, finding
    return finding.sentence


def zones(**network_: Any) -> list[Finding]:
    """For a network that the stacks make, where the account may use two zones of the region and one of a city."""
    made, session = subject("dev", network=NetworkConfig(**network_))
    found = [
        {"ZoneId": "use1-az1", "ZoneType": "availability-zone", "State": "available"},
        {"ZoneId": "use1-az4", "ZoneType": "availability-zone", "State": "available"},
        {"ZoneId": "use1-az6", "ZoneType": "availability-zone", "State": "unavailable"},
        {"ZoneId": "use1-atl1-az1", "ZoneType": "local-zone", "State": "available"},
    ]
    session.stub("ec2").add_response("describe_availability_zones", {"AvailabilityZones": found})
    return list(network.existing(made))


def test_a_network_of_our_own_needs_only_its_zones() -> None:
    assert only(zones(), Level.OK) == "the stacks make the network, in 2 of 2 zones of us-east-1"
    assert only(zones(zone_ids=("use1-az1", "use1-az4")), Level.OK)


def test_zones_that_the_account_may_not_use() -> None:
    assert only(zones(zone_ids=("use1-az1", "use1-az6"))) == (
        "use1-az6 of network.zone_ids is not a zone that this account may use in us-east-1: choose from use1-az1, "
        "use1-az4"
    )
    assert "this account may use 2 in us-east-1: set it to 2 or less" in only(zones(zones=3))


def test_a_vpc_with_everything(vpc: Vpc) -> None:
    assert "has what jobs, models and Studio need" in only(vpc.found(), Level.OK)


def test_a_vpc_that_is_not_there(vpc: Vpc) -> None:
    assert "correct network.vpc_id" in only(vpc.found(vpc_id="vpc-0123456789abcdef0"))


def test_subnets(vpc: Vpc) -> None:
    other = vpc.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    theirs, gone = vpc.subnet("10.1.0.0/24", "a", other), "subnet-0123456789abcdef0"
    for name in (theirs, gone):
        words = f"{name} is not a subnet of {vpc.id}: correct network.subnet_ids"
        assert only(vpc.found(subnet_ids=(*vpc.subnets, name))) == words
    beside = vpc.subnet("10.0.2.0/24", "a")
    assert "all of network.subnet_ids lie in us-east-1a" in only(vpc.found(subnet_ids=(vpc.subnets[0], beside)))
    narrow = vpc.subnet("10.0.3.0/28", "b")
    assert f"{narrow} has 11 free addresses" in only(vpc.found(subnet_ids=(vpc.subnets[0], narrow)))


@pytest.mark.parametrize("attribute", ["enableDnsHostnames", "enableDnsSupport"])
def test_names(vpc: Vpc, attribute: str) -> None:
    name = attribute[0].upper() + attribute[1:]
    vpc.ec2.modify_vpc_attribute(VpcId=vpc.id, **{name: {"Value": False}})
    assert f"has {attribute} off: have it turned on" in only(vpc.found())


def test_the_way_to_s3(vpc: Vpc) -> None:
    vpc.without("s3")
    found = vpc.found()
    assert [item.level for item in found] == [Level.ERROR] * 2
    assert f"{vpc.subnets[0]} has no way to S3" in found[0].sentence
    gateway = vpc.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    vpc.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc.id)
    vpc.route(GatewayId=gateway)
    assert len(vpc.found()) == 2, "what has no public address does not get out by an internet gateway"


def test_a_nat_gateway_serves_for_everything(vpc: Vpc) -> None:
    for name in list(vpc.endpoints):
        vpc.without(name)
    nat = vpc.ec2.create_nat_gateway(SubnetId=vpc.subnets[0], ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    vpc.route(NatGatewayId=nat)
    assert only(vpc.found(), Level.OK)


def test_a_subnet_with_a_route_table_of_its_own(vpc: Vpc) -> None:
    own = vpc.ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    vpc.ec2.associate_route_table(RouteTableId=own, SubnetId=vpc.subnets[1])
    assert f"{vpc.subnets[1]} has no way to S3" in only(vpc.found())


def test_interface_endpoints(vpc: Vpc) -> None:
    vpc.without("sts")
    vpc.without("logs")
    sentence = only(vpc.found())
    assert "no interface endpoint with private DNS for logs, sts: have them added, or a notebook" in sentence
    assert "isolated jobs and models need none" in only(vpc.found(studio=False), Level.WARNING)
    vpc.interface("sts", PrivateDnsEnabled=False)
    assert "logs, sts:" in only(vpc.found())


def test_given_security_groups(vpc: Vpc) -> None:
    vpc.allow_jobs("tcp", "udp", "50", ways=("ingress",))
    assert only(vpc.found(groups=True), Level.OK)
    vpc.nothing_out()
    vpc.allow_jobs("tcp", ways=("egress",))
    https, inside = vpc.found(groups=True)
    assert "allows HTTPS out" in https.sentence
    assert "allows UDP 500, protocol 50 (ESP) out to the group itself" in inside.sentence
    other = vpc.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    theirs = vpc.ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=other)["GroupId"]
    assert "correct network.security_group_ids" in only(vpc.found(security_group_ids=(theirs,)))


def test_an_efa_needs_everything_inside(vpc: Vpc) -> None:
    from kennel.preflight import security_groups

    vpc.allow_jobs("tcp", "udp", "50", ways=("ingress",))
    settings = NetworkConfig(vpc_id=vpc.id, subnet_ids=tuple(vpc.subnets), security_group_ids=(vpc.group,))
    assert "Elastic Fabric Adapter" in only(list(security_groups.of(vpc.ec2, settings, efa=True)))
    vpc.allow_jobs("-1", ways=("ingress",))
    assert not list(security_groups.of(vpc.ec2, settings, efa=True))
