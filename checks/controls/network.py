"""The private network: no route out except to S3, and the rules that encrypted traffic needs inside."""

from __future__ import annotations

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, each, of_assembly

VPC, SUBNET, GROUP = "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"
ENDPOINT = "AWS::EC2::VPCEndpoint"
ROUTES_OUT = (
    "AWS::EC2::InternetGateway",
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::EC2::TransitGatewayAttachment",
)
STUDIO_NEEDS = ("sagemaker.api", "sagemaker.runtime", "ecr.api", "ecr.dkr", "logs", "sts", "kms", "monitoring")
EACH_OTHER = {("tcp", 0, 65535), ("udp", 500, 500), ("50", None, None)}
"""All TCP, IKE and ESP: the protocols of encrypted traffic between containers."""
ANYWHERE = ("0.0.0.0/0", "::/0")


def routes_out(assembly: Assembly) -> list[str]:
    return [resource.label for resource in assembly.of(*ROUTES_OUT)]


def flow_logs(vpc: Resource, assembly: Assembly) -> bool:
    return any(
        vpc.points_at(log.get("ResourceId")) and log.get("TrafficType") == "ALL"
        for log in assembly.of("AWS::EC2::FlowLog")
    )


def s3_endpoint(vpc: Resource, assembly: Assembly) -> bool:
    gateways = [
        item
        for item in assembly.of(ENDPOINT)
        if vpc.points_at(item.get("VpcId")) and item.get("VpcEndpointType") == "Gateway"
    ]
    return len(gateways) == 1 and bool(gateways[0].get("RouteTableIds"))


def narrow_policy(endpoint: Resource, _: Assembly) -> bool:
    """Roles restrict what interface endpoints can be used for; through the gateway endpoint data could leave."""
    if endpoint.get("VpcEndpointType") != "Gateway":
        return True
    items = as_list(endpoint.get("PolicyDocument.Statement"))
    resources = [resource for item in items for resource in as_list(item.get("Resource"))]
    actions = [action for item in items for action in as_list(item.get("Action"))]
    return bool(items) and "*" not in resources and not any(a == "*" or a.endswith(":*") for a in actions)


def studio_endpoints(assembly: Assembly) -> bool:
    services = [str(endpoint.get("ServiceName", "")) for endpoint in assembly.of(ENDPOINT)]
    return all(any(name.endswith(f".{needed}") for name in services) for needed in STUDIO_NEEDS)


def closed(group: Resource, assembly: Assembly) -> bool:
    inline = as_list(group.get("SecurityGroupIngress"))
    separate = [
        rule.properties
        for rule in assembly.of("AWS::EC2::SecurityGroupIngress")
        if group.points_at(rule.get("GroupId"))
    ]
    return not any(rule.get("CidrIp") in ANYWHERE or rule.get("CidrIpv6") in ANYWHERE for rule in (*inline, *separate))


def job_groups(assembly: Assembly) -> bool:
    """The security group of models and jobs allows encrypted traffic to and from itself."""
    names = {
        group
        for model in assembly.of("AWS::SageMaker::Model")
        for group in as_list(model.get("VpcConfig.SecurityGroupIds"))
    }
    groups = [group for name in names if (group := assembly.at(name, GROUP))]
    return bool(groups) and all(
        _to_itself(group, assembly, "Ingress", "SourceSecurityGroupId") >= EACH_OTHER
        and _to_itself(group, assembly, "Egress", "DestinationSecurityGroupId") >= EACH_OTHER
        for group in groups
    )


def _to_itself(
    group: Resource, assembly: Assembly, direction: str, peer: str
) -> set[tuple[str, int | None, int | None]]:
    return {
        (rule.get("IpProtocol"), rule.get("FromPort"), rule.get("ToPort"))
        for rule in assembly.of(f"AWS::EC2::SecurityGroup{direction}")
        if group.points_at(rule.get("GroupId")) and group.points_at(rule.get(peer))
    }


CONTROLS = (
    Control("network.closed", "not exist: it would be a route out of the network", routes_out),
    each("network.private", "not assign public addresses", SUBNET, lambda s, _: s.get("MapPublicIpOnLaunch") is False),
    each("network.flow-logs", "have flow logs of all traffic", VPC, flow_logs),
    each("network.s3", "reach S3 through a gateway endpoint", VPC, s3_endpoint),
    each("network.s3-policy", "allow access to the platform's buckets only", ENDPOINT, narrow_policy),
    of_assembly(
        "network.studio",
        "have the interface endpoints that a Studio without internet needs",
        studio_endpoints,
        when="InterfaceEndpoints",
    ),
    each("network.ingress", "not accept traffic from every address", GROUP, closed),
    of_assembly(
        "network.jobs", "allow encrypted traffic between a job's containers", job_groups, when="IsolatedEndpoint"
    ),
)
