"""What of a network does not exist is refused with EC2's code and in its words, by the API and in a stack."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

ID = "0123456789abcdef0"
VPC, SUBNET, GROUP, TABLE, GATEWAY = f"vpc-{ID}", f"subnet-{ID}", f"sg-{ID}", f"rtb-{ID}", f"igw-{ID}"
NO_VPC = ("InvalidVpcID.NotFound", f"The vpc ID '{VPC}' does not exist")
NO_SUBNET = ("InvalidSubnetID.NotFound", f"The subnet ID '{SUBNET}' does not exist")
NO_GROUP = ("InvalidGroup.NotFound", f"The security group '{GROUP}' does not exist")
NO_TABLE = ("InvalidRouteTableID.NotFound", f"The routeTable ID '{TABLE}' does not exist")
NO_GATEWAY = ("InvalidInternetGatewayID.NotFound", f"The internetGateway ID '{GATEWAY}' does not exist")
NO_NAT = ("InvalidNatGatewayID.NotFound", f"The natGateway ID 'nat-{ID}' does not exist")
STS = {"ServiceName": "com.amazonaws.us-east-1.sts", "VpcEndpointType": "Interface"}
S3 = {"ServiceName": "com.amazonaws.us-east-1.s3", "VpcEndpointType": "Gateway"}
ANYWHERE = {"DestinationCidrBlock": "0.0.0.0/0"}
RULE = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}


@pytest.fixture(scope="module")
def here(local_cloud):
    """Names of what exists: a VPC with one of each, an endpoint, and a gateway that is attached to nothing."""
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, **STS)["VpcEndpoint"]["VpcEndpointId"]
    return {
        "VPC": vpc,
        "SUBNET": ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"],
        "TABLE": ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"],
        "GROUP": ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"],
        "GATEWAY": ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"],
        "ENDPOINT": endpoint,
    }


@pytest.mark.parametrize(
    ("operation", "parameters", "refusal"),
    [
        ("create_security_group", {"GroupName": "x", "Description": "d", "VpcId": VPC}, NO_VPC),
        ("create_subnet", {"VpcId": VPC, "CidrBlock": "10.0.1.0/24"}, NO_VPC),
        ("create_route_table", {"VpcId": VPC}, NO_VPC),
        ("create_vpc_endpoint", {"VpcId": VPC, **STS}, NO_VPC),
        ("attach_internet_gateway", {"VpcId": VPC, "InternetGatewayId": "GATEWAY"}, NO_VPC),
        ("describe_vpcs", {"VpcIds": [VPC]}, NO_VPC),
        ("delete_vpc", {"VpcId": VPC}, NO_VPC),
        ("attach_internet_gateway", {"VpcId": "VPC", "InternetGatewayId": GATEWAY}, NO_GATEWAY),
        ("create_route", {"RouteTableId": TABLE, "GatewayId": "GATEWAY", **ANYWHERE}, NO_TABLE),
        ("create_route", {"RouteTableId": "TABLE", "GatewayId": GATEWAY, **ANYWHERE}, NO_GATEWAY),
        ("create_route", {"RouteTableId": "TABLE", "NatGatewayId": f"nat-{ID}", **ANYWHERE}, NO_NAT),
        ("associate_route_table", {"RouteTableId": TABLE, "SubnetId": "SUBNET"}, NO_TABLE),
        ("associate_route_table", {"RouteTableId": "TABLE", "SubnetId": SUBNET}, NO_SUBNET),
        ("create_vpc_endpoint", {"VpcId": "VPC", "SubnetIds": [SUBNET], **STS}, NO_SUBNET),
        ("create_vpc_endpoint", {"VpcId": "VPC", "SecurityGroupIds": [GROUP], **STS}, NO_GROUP),
        ("create_vpc_endpoint", {"VpcId": "VPC", "RouteTableIds": [TABLE], **S3}, NO_TABLE),
        ("modify_vpc_endpoint", {"VpcEndpointId": "ENDPOINT", "AddSubnetIds": [SUBNET]}, NO_SUBNET),
        ("modify_vpc_endpoint", {"VpcEndpointId": "ENDPOINT", "AddSecurityGroupIds": [GROUP]}, NO_GROUP),
        ("modify_vpc_endpoint", {"VpcEndpointId": "ENDPOINT", "AddRouteTableIds": [TABLE]}, NO_TABLE),
        ("authorize_security_group_ingress", {"GroupId": GROUP, "IpPermissions": [RULE]}, NO_GROUP),
        ("describe_security_groups", {"GroupIds": [GROUP]}, NO_GROUP),
        (
            "create_network_interface",
            {"SubnetId": "SUBNET", "Groups": [GROUP]},
            ("InvalidSecurityGroupID.NotFound", f"The securityGroup ID '{GROUP}' does not exist"),
        ),
    ],
)
def test_what_does_not_exist(here, operation, parameters, refusal):
    named = {key: here.get(value, value) if isinstance(value, str) else value for key, value in parameters.items()}
    with pytest.raises(ClientError) as refused:
        getattr(boto3.client("ec2"), operation)(**named)
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == refusal


def test_a_route_through_a_gateway_of_no_network_or_another(here):
    ec2 = boto3.client("ec2")
    route = {"RouteTableId": here["TABLE"], "GatewayId": here["GATEWAY"], **ANYWHERE}
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\) .* belong to different networks"):
        ec2.create_route(**route)
    ec2.attach_internet_gateway(VpcId=here["VPC"], InternetGatewayId=here["GATEWAY"])
    ec2.create_route(**route)


@pytest.mark.parametrize("zone", [{"AvailabilityZone": "eu-central-1a"}, {"AvailabilityZoneId": "euc1-az1"}])
def test_a_zone_of_another_region(here, zone):
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\) .* Subnets can currently only be created in"):
        boto3.client("ec2").create_subnet(VpcId=here["VPC"], CidrBlock="10.0.9.0/24", **zone)


def test_a_group_that_was_refused_leaves_nothing(here):
    assert VPC not in {group["VpcId"] for group in boto3.client("ec2").describe_security_groups()["SecurityGroups"]}


def test_a_stack_fails_with_the_same_words(local_cloud):
    cloudformation = boto3.client("cloudformation")
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "g", "VpcId": VPC}}
    cloudformation.create_stack(StackName="elsewhere", TemplateBody=json.dumps({"Resources": {"Group": group}}))
    events = cloudformation.describe_stack_events(StackName="elsewhere")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any(NO_VPC[0] in reason and NO_VPC[1] in reason for reason in reasons)
