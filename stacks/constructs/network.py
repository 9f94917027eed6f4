"""A network without a way to the internet: private subnets, the S3 gateway endpoint, interface endpoints on demand."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from config.platform import NetworkConfig
from stacks.constructs.acknowledgements import NIST, acknowledge
from stacks.constructs.log_group import PlatformLogGroup
from stacks.constructs.roles import ServiceRole

INTERFACE_SERVICES = (
    "sagemaker.api",
    "sagemaker.runtime",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "sts",
    "kms",
    "monitoring",
)
SUBNET_PREFIX_BITS = 4
"""A /16 network gives /20 subnets: 4,091 usable addresses each."""


@dataclass(frozen=True)
class Placement:
    """Where a job, a model or Studio lives: the two lists of every VpcConfig."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


class PrivateNetwork(Construct):
    """`placement` is for jobs and models, `vpc_id` for Studio. Nothing here has a public address."""

    def __init__(
        self, scope: Construct, id: str, *, config: NetworkConfig, key: kms.IKey, log_retention_days: int
    ) -> None:
        super().__init__(scope, id)
        self._vpc = ec2.CfnVPC(self, "Vpc", cidr_block=config.cidr, enable_dns_support=True, enable_dns_hostnames=True)
        self.vpc_id = self._vpc.attr_vpc_id
        acknowledge(
            self._vpc,
            f"{NIST}-VPCDefaultSecurityGroupClosed",
            "closing it takes a custom resource in JavaScript; nothing here uses it",
        )
        self._routes = ec2.CfnRouteTable(self, "Routes", vpc_id=self.vpc_id)
        self._subnets = self._add_subnets(config)
        self._jobs = self._add_job_security_group()
        self.placement = Placement(
            subnets=tuple(subnet.attr_subnet_id for subnet in self._subnets),
            security_groups=(self._jobs.attr_group_id,),
        )
        if config.flow_logs:
            self._add_flow_logs(key, log_retention_days)
        if config.interface_endpoints:
            self._add_interface_endpoints(config.cidr)

    def add_s3_endpoint(self, buckets: Sequence[str], objects: Sequence[str]) -> None:
        """The gateway endpoint, open for the bucket ARNs `buckets` and the object ARN patterns `objects` alone."""
        policy = iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    sid="List",
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
                    resources=list(buckets),
                ),
                iam.PolicyStatement(
                    sid="ReadAndWrite",
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                    resources=list(objects),
                ),
            ]
        )
        ec2.CfnVPCEndpoint(
            self,
            "S3",
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{Stack.of(self).region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[self._routes.attr_route_table_id],
            policy_document=policy,
        )

    def _add_subnets(self, config: NetworkConfig) -> list[ec2.CfnSubnet]:
        blocks = ipaddress.ip_network(config.cidr).subnets(prefixlen_diff=SUBNET_PREFIX_BITS)
        subnets = []
        for index, block in zip(range(config.zones), blocks, strict=False):
            subnet = ec2.CfnSubnet(
                self,
                f"Subnet{index + 1}",
                vpc_id=self.vpc_id,
                cidr_block=str(block),
                availability_zone=Fn.select(index, Fn.get_azs()),
                map_public_ip_on_launch=False,
            )
            ec2.CfnSubnetRouteTableAssociation(
                self,
                f"Subnet{index + 1}Routes",
                subnet_id=subnet.attr_subnet_id,
                route_table_id=self._routes.attr_route_table_id,
            )
            subnets.append(subnet)
        return subnets

    def _add_job_security_group(self) -> ec2.CfnSecurityGroup:
        group = ec2.CfnSecurityGroup(
            self,
            "Jobs",
            vpc_id=self.vpc_id,
            group_description="Jobs, models and Studio: HTTPS out, and each other",
            security_group_egress=[
                {"cidrIp": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "description": "HTTPS"}
            ],
        )
        # Encrypted traffic between containers is IPsec: UDP 500 and protocol 50 beside the job's own TCP.
        self._allow_each_other(group, "Tcp", "tcp", ports=(0, 65535))
        self._allow_each_other(group, "Ike", "udp", ports=(500, 500))
        self._allow_each_other(group, "Esp", "50", ports=(None, None))
        return group

    def _allow_each_other(
        self, group: ec2.CfnSecurityGroup, name: str, protocol: str, *, ports: tuple[int | None, int | None]
    ) -> None:
        text = "between the containers of a job"
        low, high = ports
        ec2.CfnSecurityGroupIngress(
            self,
            f"JobsIn{name}",
            group_id=group.attr_group_id,
            source_security_group_id=group.attr_group_id,
            ip_protocol=protocol,
            from_port=low,
            to_port=high,
            description=text,
        )
        ec2.CfnSecurityGroupEgress(
            self,
            f"JobsOut{name}",
            group_id=group.attr_group_id,
            destination_security_group_id=group.attr_group_id,
            ip_protocol=protocol,
            from_port=low,
            to_port=high,
            description=text,
        )

    def _add_interface_endpoints(self, cidr: str) -> None:
        group = ec2.CfnSecurityGroup(
            self,
            "Endpoints",
            vpc_id=self.vpc_id,
            group_description="Interface endpoints: HTTPS from the network",
            security_group_ingress=[
                {"cidrIp": cidr, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "description": "HTTPS"}
            ],
            security_group_egress=[
                {"cidrIp": cidr, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "description": "HTTPS"}
            ],
        )
        for service in INTERFACE_SERVICES:
            ec2.CfnVPCEndpoint(
                self,
                "".join(part.capitalize() for part in service.split(".")),
                vpc_id=self.vpc_id,
                service_name=f"com.amazonaws.{Stack.of(self).region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=list(self.placement.subnets),
                security_group_ids=[group.attr_group_id],
                private_dns_enabled=True,
            )

    def _add_flow_logs(self, key: kms.IKey, retention_days: int) -> None:
        group = PlatformLogGroup(self, "FlowLogGroup", key=key, retention_days=retention_days)
        role = ServiceRole(self, "FlowLogRole", service="vpc-flow-logs", description="Writes the flow logs")
        role.allow(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], [group.log_group_arn])
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
            max_aggregation_interval=60,
        )
