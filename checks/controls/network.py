"""The private network: no route out except to S3, and the rules that encrypted traffic needs inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, each, of_assembly

VPC, SUBNET, GROUP = "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"
ENDPOINT = "AWS::EC2::VPCEndpoint"
OWNERS = (VPC, SUBNET, ENDPOINT, "AWS::EC2::FlowLog", "AWS::EC2::RouteTable")
MIN_SUBNETS = 2
ROUTES_OUT = (
    "AWS::EC2::InternetGateway",
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::EC2::TransitGatewayAttachment",
)
SEEN = ("srcaddr", "dstaddr", "dstport", "action")
STUDIO_NEEDS = (
    "sagemaker.api",
    "sagemaker.runtime",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "sts",
    "kms",
    "monitoring",
    "states",
    "cloudformation",
)
Rule = tuple[str, int | None, int | None]
"""Protocol and ports."""
EACH_OTHER: set[Rule] = {("tcp", 0, 65535), ("udp", 500, 500), ("50", None, None)}
"""All TCP, IKE and ESP: the protocols of encrypted traffic between containers."""
EVERYTHING: set[Rule] = {("-1", None, None)}
"""What an Elastic Fabric Adapter needs; it covers the others."""


def in_two_subnets(vpc: Any, assembly: Assembly) -> bool:
    """Whether a VpcConfig names two subnets and security groups, all of ours or of the existing network."""
    given = assembly.expected.get("ExistingNetwork") or {}
    subnets = {_known(name, SUBNET, given.get("SubnetIds", ()), assembly) for name in as_list(vpc.get("Subnets"))}
    groups = {
        _known(name, GROUP, given.get("SecurityGroupIds", ()), assembly)
        for name in as_list(vpc.get("SecurityGroupIds"))
    }
    return len(subnets) >= MIN_SUBNETS and bool(groups) and None not in subnets | groups


def _known(name: Any, kind: str, given: Sequence[str], assembly: Assembly) -> str | None:
    found = assembly.at(name, kind)
    return found.label if found else name if name in given else None


def of_an_existing_network(assembly: Assembly) -> list[str]:
    """What belongs to its owner: all but our security group, which must be in it."""
    vpc = assembly.expected["ExistingNetwork"]["VpcId"]
    strange = [group.label for group in assembly.of(GROUP) if group.get("VpcId") != vpc]
    return [*(resource.label for resource in assembly.of(*OWNERS)), *strange]


def routes_out(assembly: Assembly) -> list[str]:
    return [resource.label for resource in assembly.of(*ROUTES_OUT)]


def flow_logs(vpc: Resource, assembly: Assembly) -> bool:
    return any(
        vpc.points_at(log.get("ResourceId")) and log.get("TrafficType") == "ALL" and _tells(log.get("LogFormat"))
        for log in assembly.of("AWS::EC2::FlowLog")
    )


def _tells(log_format: Any) -> bool:
    """Whether a format has who spoke to whom. Without one EC2 writes its default, which has it."""
    return log_format is None or all(f"${{{name}}}" in str(log_format) for name in SEEN)


def s3_endpoint(vpc: Resource, assembly: Assembly) -> bool:
    gateways = [
        item
        for item in assembly.of(ENDPOINT)
        if vpc.points_at(item.get("VpcId")) and item.get("VpcEndpointType") == "Gateway"
    ]
    return len(gateways) == 1 and bool(gateways[0].get("RouteTableIds"))


def studio_endpoints(assembly: Assembly) -> bool:
    services = [str(endpoint.get("ServiceName", "")) for endpoint in assembly.of(ENDPOINT)]
    return all(any(name.endswith(f".{needed}") for name in services) for needed in STUDIO_NEEDS)


def job_groups(assembly: Assembly) -> bool:
    """The security group of models and jobs allows what its instances need, to and from itself."""
    wanted: list[set[Rule]] = [EVERYTHING] if assembly.expected.get("Efa") else [EACH_OTHER, EVERYTHING]
    names = {
        group
        for model in assembly.of("AWS::SageMaker::Model")
        for group in as_list(model.get("VpcConfig.SecurityGroupIds"))
    }
    if names and names <= set((assembly.expected.get("ExistingNetwork") or {}).get("SecurityGroupIds", ())):
        return True  # somebody else's, whose rules `kennel preflight` reads
    groups = [group for name in names if (group := assembly.at(name, GROUP))]
    return bool(groups) and all(
        any(_to_itself(group, assembly, direction, peer) >= rules for rules in wanted)
        for group in groups
        for direction, peer in (("Ingress", "SourceSecurityGroupId"), ("Egress", "DestinationSecurityGroupId"))
    )


def _to_itself(group: Resource, assembly: Assembly, direction: str, peer: str) -> set[Rule]:
    return {
        (rule.get("IpProtocol"), rule.get("FromPort"), rule.get("ToPort"))
        for rule in assembly.of(f"AWS::EC2::SecurityGroup{direction}")
        if group.points_at(rule.get("GroupId")) and group.points_at(rule.get(peer))
    }


CONTROLS = (
    Control("network.closed", "not exist: it would be a route out of the network", routes_out),
    Control(
        "network.existing",
        "not be made in an existing VPC: only a security group is ours there",
        of_an_existing_network,
        when="ExistingNetwork",
    ),
    each("network.private", "not assign public addresses", SUBNET, lambda s, _: s.get("MapPublicIpOnLaunch") is False),
    each("network.flow-logs", "have flow logs of all traffic", VPC, flow_logs),
    each("network.s3", "reach S3 through a gateway endpoint", VPC, s3_endpoint),
    of_assembly(
        "network.studio",
        "have the interface endpoints that a Studio without internet needs",
        studio_endpoints,
        when="InterfaceEndpoints",
    ),
    of_assembly(
        "network.jobs",
        "allow the traffic between a job's instances: encrypted, or of an EFA",
        job_groups,
        when="IsolatedEndpoint",
    ),
)
