"""Where jobs run: a network without a route to the internet that is made here, or somebody else's that exists."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from config.platform import INTERFACE_SERVICES, NetworkConfig
from stacks.constructs.acknowledgements import NIST, acknowledge
from stacks.constructs.log_group import PlatformLogGroup
from stacks.constructs.roles import ServiceRole

SUBNET_PREFIX_BITS = 4
"""A /16 network gives /20 subnets: 4,091 usable addresses each, and room for more of them."""
HTTPS = ec2.Port.tcp(443)
BETWEEN_CONTAINERS = (
    ec2.Port.all_tcp(),
    # Encrypted traffic between containers is IPsec: IKE (UDP 500) and ESP (protocol 50, which has no ports).
    ec2.Port.udp(500),
    ec2.Port(protocol=ec2.Protocol.ESP, string_representation="ESP"),
)


@dataclass(frozen=True)
class Placement:
    """Where a job, a model or Studio runs: the two lists of every VpcConfig."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


def job_security_group(scope: Construct, vpc: ec2.IVpc, *, efa: bool) -> ec2.SecurityGroup:
    """`efa`: the instances of a training may have an Elastic Fabric Adapter, whose protocol has no number."""
    group = ec2.SecurityGroup(
        scope,
        "Jobs",
        vpc=vpc,
        description="Jobs, models and Studio: HTTPS out, and each other",
        allow_all_outbound=False,
    )
    group.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "HTTPS")
    for port in (ec2.Port.all_traffic(),) if efa else BETWEEN_CONTAINERS:
        group.connections.allow_internally(port, "between the containers of a job")
    return group


class ExistingNetwork(Construct):
    """Somebody else's VPC. At most a security group is made in it; its endpoints, routes and flow logs are its owner's.

    Its ids are those of the project file: synth looks nothing up.
    """

    def __init__(self, scope: Construct, id: str, *, config: NetworkConfig, efa: bool) -> None:
        super().__init__(scope, id)
        assert config.vpc_id is not None
        self.vpc_id = config.vpc_id
        # Of any account: a subnet may be shared by another.
        self.subnet_arns = [
            Stack.of(self).format_arn(service="ec2", account="*", resource="subnet", resource_name=name)
            for name in config.subnet_ids
        ]
        self.makes_group = not config.security_group_ids
        groups = config.security_group_ids
        if self.makes_group:
            vpc = ec2.Vpc.from_vpc_attributes(
                self, "Vpc", vpc_id=config.vpc_id, availability_zones=Stack.of(self).availability_zones
            )
            groups = (job_security_group(self, vpc, efa=efa).security_group_id,)
        self.placement = Placement(config.subnet_ids, groups)


class PrivateNetwork(Construct):
    """`placement` is for jobs and models, `vpc_id` for Studio. Nothing here has a public address."""

    def __init__(
        self, scope: Construct, id: str, *, config: NetworkConfig, efa: bool, key: kms.IKey, log_retention_days: int
    ) -> None:
        super().__init__(scope, id)
        self._vpc = self._add_vpc(config)
        self.vpc_id = self._vpc.vpc_id
        self.vpc_arn = self._vpc.vpc_arn
        self.placement = Placement(
            subnets=tuple(subnet.subnet_id for subnet in self._vpc.isolated_subnets),
            security_groups=(job_security_group(self, self._vpc, efa=efa).security_group_id,),
        )
        if config.flow_logs:
            self._add_flow_logs(key, log_retention_days)
        if config.interface_endpoints:
            self._add_interface_endpoints(config.cidr)

    def add_s3_endpoint(self, buckets: Sequence[str], objects: Sequence[str]) -> None:
        """Add the gateway endpoint, open only for the bucket ARNs `buckets` and the object ARN patterns `objects`."""
        endpoint = self._vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        for sid, actions, resources in (
            ("List", ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], buckets),
            (
                "ReadAndWrite",
                ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                objects,
            ),
        ):
            endpoint.add_to_policy(
                iam.PolicyStatement(
                    sid=sid, principals=[iam.AnyPrincipal()], actions=actions, resources=list(resources)
                )
            )

    def _add_vpc(self, config: NetworkConfig) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(config.cidr),
            max_azs=config.zone_count,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Private",
                    subnet_type=ec2.SubnetType.PRIVATE_ISOLATED,
                    cidr_mask=ipaddress.ip_network(config.cidr).prefixlen + SUBNET_PREFIX_BITS,
                )
            ],
            # The CDK would remove its rules with a custom resource in JavaScript.
            restrict_default_security_group=False,
        )
        for subnet, zone in zip(vpc.isolated_subnets, config.zone_ids, strict=False):
            resource = cast(ec2.CfnSubnet, subnet.node.default_child)
            resource.add_property_deletion_override("AvailabilityZone")
            resource.add_property_override("AvailabilityZoneId", zone)
        acknowledge(
            vpc,
            f"{NIST}-VPCDefaultSecurityGroupClosed",
            "removing its rules takes a custom resource in JavaScript; nothing uses the group",
        )
        return vpc

    def _add_interface_endpoints(self, cidr: str) -> None:
        group = ec2.SecurityGroup(
            self,
            "Endpoints",
            vpc=self._vpc,
            description="Interface endpoints: HTTPS from the network",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(ec2.Peer.ipv4(cidr), HTTPS, "HTTPS")
        group.add_egress_rule(ec2.Peer.ipv4(cidr), HTTPS, "HTTPS")
        for service in INTERFACE_SERVICES:
            endpoint = self._vpc.add_interface_endpoint(
                "".join(part.capitalize() for part in service.split(".")),
                service=ec2.InterfaceVpcEndpointAwsService(service),
                security_groups=[group],
                open=False,
            )
            # What a role may do is said by its policies; credentials of another account must not carry data out here.
            endpoint.add_to_policy(
                iam.PolicyStatement(
                    sid="ThisAccount",
                    principals=[iam.AnyPrincipal()],
                    actions=["*"],
                    resources=["*"],
                    conditions={"StringEquals": {"aws:PrincipalAccount": Stack.of(self).account}},
                )
            )

    def _add_flow_logs(self, key: kms.IKey, retention_days: int) -> None:
        group = PlatformLogGroup(self, "FlowLogGroup", key=key, retention_days=retention_days)
        role = ServiceRole(self, "FlowLogRole", service="vpc-flow-logs", description="Writes the flow logs")
        self._vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(group, role),
            traffic_type=ec2.FlowLogTrafficType.ALL,
            max_aggregation_interval=ec2.FlowLogMaxAggregationInterval.ONE_MINUTE,
        )
