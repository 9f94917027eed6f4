"""Networks: VPC, subnets, gateways, security groups, endpoints, flow logs. Recorded; no packet passes through them."""

from __future__ import annotations

from typing import TypedDict

from botocore.client import BaseClient

from localcloud.cloudformation.providers.base import (
    AnyProvider,
    Flag,
)
from localcloud.cloudformation.providers.conversion import is_true
from localcloud.cloudformation.providers.ec2_endpoints import VpcEndpoint
from localcloud.cloudformation.providers.ec2_resource import Ec2Resource
from localcloud.cloudformation.providers.ec2_routes import GatewayAttachment, Route, RouteTableAssociation
from localcloud.cloudformation.providers.ec2_security_groups import SecurityGroup, SecurityGroupRule


class VpcSettings(TypedDict, total=False):
    """The properties of a VPC that are set by separate calls."""

    EnableDnsSupport: Flag
    EnableDnsHostnames: Flag


class SubnetSettings(TypedDict, total=False):
    """The property of a subnet that is set by a separate call."""

    MapPublicIpOnLaunch: Flag


def _vpc_settings(ec2: BaseClient, vpc: str, properties: VpcSettings) -> None:
    support = is_true(properties.get("EnableDnsSupport", True))
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": support})
    names = is_true(properties.get("EnableDnsHostnames", False))
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": names})


def _subnet_settings(ec2: BaseClient, subnet: str, properties: SubnetSettings) -> None:
    public = is_true(properties.get("MapPublicIpOnLaunch", False))
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": public})


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::EC2::VPC": Ec2Resource(
        create_operation="CreateVpc",
        delete_operation="DeleteVpc",
        read_operation="DescribeVpcs",
        identifier="VpcId",
        path="Vpc.VpcId",
        kind="vpc",
        create_only=frozenset(
            {"CidrBlock", "InstanceTenancy", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"}
        ),
        settings=frozenset({"EnableDnsSupport", "EnableDnsHostnames"}),
        modify=_vpc_settings,
        attributes={
            "VpcId": "Vpcs[0].VpcId",
            "CidrBlock": "Vpcs[0].CidrBlock",
            "CidrBlockAssociations": "Vpcs[0].CidrBlockAssociationSet[].AssociationId",
        },
    ),
    "AWS::EC2::Subnet": Ec2Resource(
        create_operation="CreateSubnet",
        delete_operation="DeleteSubnet",
        read_operation="DescribeSubnets",
        identifier="SubnetId",
        path="Subnet.SubnetId",
        kind="subnet",
        create_only=frozenset(
            {
                "AvailabilityZone",
                "AvailabilityZoneId",
                "CidrBlock",
                "Ipv4IpamPoolId",
                "Ipv4NetmaskLength",
                "Ipv6CidrBlock",
                "Ipv6IpamPoolId",
                "Ipv6Native",
                "Ipv6NetmaskLength",
                "OutpostArn",
                "VpcId",
            }
        ),
        settings=frozenset({"MapPublicIpOnLaunch"}),
        modify=_subnet_settings,
        attributes={
            "SubnetId": "Subnets[0].SubnetId",
            "AvailabilityZone": "Subnets[0].AvailabilityZone",
            "VpcId": "Subnets[0].VpcId",
        },
    ),
    "AWS::EC2::RouteTable": Ec2Resource(
        create_operation="CreateRouteTable",
        delete_operation="DeleteRouteTable",
        read_operation="DescribeRouteTables",
        identifier="RouteTableId",
        path="RouteTable.RouteTableId",
        kind="route-table",
        create_only=frozenset({"VpcId"}),
        attributes={"RouteTableId": "RouteTables[0].RouteTableId"},
    ),
    "AWS::EC2::Route": Route(),
    "AWS::EC2::SubnetRouteTableAssociation": RouteTableAssociation(),
    "AWS::EC2::InternetGateway": Ec2Resource(
        create_operation="CreateInternetGateway",
        delete_operation="DeleteInternetGateway",
        read_operation="DescribeInternetGateways",
        identifier="InternetGatewayId",
        path="InternetGateway.InternetGatewayId",
        kind="internet-gateway",
        attributes={"InternetGatewayId": "InternetGateways[0].InternetGatewayId"},
    ),
    "AWS::EC2::VPCGatewayAttachment": GatewayAttachment(),
    "AWS::EC2::EIP": Ec2Resource(
        create_operation="AllocateAddress",
        delete_operation="ReleaseAddress",
        read_operation="DescribeAddresses",
        identifier="AllocationId",
        path="AllocationId",
        kind="elastic-ip",
        create_only=frozenset({"Address", "IpamPoolId", "NetworkBorderGroup", "TransferAddress"}),
        attributes={"AllocationId": "Addresses[0].AllocationId", "PublicIp": "Addresses[0].PublicIp"},
    ),
    "AWS::EC2::NatGateway": Ec2Resource(
        create_operation="CreateNatGateway",
        delete_operation="DeleteNatGateway",
        read_operation="DescribeNatGateways",
        identifier="NatGatewayId",
        path="NatGateway.NatGatewayId",
        kind="natgateway",
        create_only=frozenset(
            {"AllocationId", "AvailabilityMode", "ConnectivityType", "PrivateIpAddress", "SubnetId", "VpcId"}
        ),
        found="NatGateways[?State!='deleted']",
        attributes={"NatGatewayId": "NatGateways[0].NatGatewayId"},
    ),
    "AWS::EC2::SecurityGroup": SecurityGroup(
        create_operation="CreateSecurityGroup",
        delete_operation="DeleteSecurityGroup",
        read_operation="DescribeSecurityGroups",
        identifier="GroupId",
        path="GroupId",
        kind="security-group",
        rename={"GroupDescription": "Description"},
        create_only=frozenset({"GroupDescription", "GroupName", "VpcId"}),
        settings=frozenset({"SecurityGroupIngress", "SecurityGroupEgress"}),
        attributes={"GroupId": "SecurityGroups[0].GroupId", "VpcId": "SecurityGroups[0].VpcId"},
    ),
    "AWS::EC2::SecurityGroupIngress": SecurityGroupRule("ingress"),
    "AWS::EC2::SecurityGroupEgress": SecurityGroupRule("egress"),
    "AWS::EC2::VPCEndpoint": VpcEndpoint(
        create_operation="CreateVpcEndpoint",
        delete_operation="DeleteVpcEndpoints",
        read_operation="DescribeVpcEndpoints",
        identifier="VpcEndpointIds",
        read_by="VpcEndpointIds",
        path="VpcEndpoint.VpcEndpointId",
        kind="vpc-endpoint",
        create_only=frozenset(
            {
                "ResourceConfigurationArn",
                "ServiceName",
                "ServiceNetworkArn",
                "ServiceRegion",
                "VpcEndpointType",
                "VpcId",
            }
        ),
        found="VpcEndpoints[?State!='deleted']",
        attributes={"Id": "VpcEndpoints[0].VpcEndpointId", "DnsEntries": "VpcEndpoints[0].DnsEntries[].DnsName"},
    ),
    "AWS::EC2::FlowLog": Ec2Resource(
        create_operation="CreateFlowLogs",
        delete_operation="DeleteFlowLogs",
        read_operation="DescribeFlowLogs",
        identifier="FlowLogIds",
        read_by="FlowLogIds",
        path="FlowLogIds[0]",
        kind="vpc-flow-log",
        create_only=frozenset(
            {
                "DeliverCrossAccountRole",
                "DeliverLogsPermissionArn",
                "DestinationOptions",
                "LogDestination",
                "LogDestinationType",
                "LogFormat",
                "LogGroupName",
                "MaxAggregationInterval",
                "ResourceId",
                "ResourceType",
                "TagFieldSpecifications",
                "TrafficType",
            }
        ),
        rename={"ResourceId": "ResourceIds"},
        found="FlowLogs",
        attributes={"Id": "FlowLogs[0].FlowLogId"},
    ),
}
