"""The rows of the network's types, in the form of kennel.bootstrap.handlers."""

from __future__ import annotations

from kennel.bootstrap.calls import Calls, ec2, everywhere

_SECURITY_GROUPS = "DescribeSecurityGroups DescribeSecurityGroupRules"

NETWORK: dict[str, tuple[Calls, ...]] = {
    "AWS::EC2::FlowLog": (
        ec2("CreateFlowLogs", "vpc", "vpc-flow-log"),
        ec2("DeleteFlowLogs CreateTags DeleteTags", "vpc-flow-log"),
        everywhere("ec2", "DescribeFlowLogs DescribeTags"),
        everywhere("logs", "CreateLogDelivery DeleteLogDelivery"),
    ),
    "AWS::EC2::RouteTable": (
        ec2("CreateRouteTable", "route-table", "vpc"),
        ec2("DeleteRouteTable CreateTags DeleteTags", "route-table"),
        everywhere("ec2", "DescribeRouteTables"),
    ),
    "AWS::EC2::SecurityGroup": (
        ec2("CreateSecurityGroup", "security-group", "vpc"),
        ec2(
            "DeleteSecurityGroup CreateTags DeleteTags RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
            "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress",
            "security-group",
        ),
        ec2("AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress", "security-group", "security-group-rule"),
        everywhere("ec2", f"{_SECURITY_GROUPS} DescribeInstances"),
    ),
    "AWS::EC2::SecurityGroupEgress": (
        ec2("AuthorizeSecurityGroupEgress", "security-group", "security-group-rule"),
        ec2("RevokeSecurityGroupEgress UpdateSecurityGroupRuleDescriptionsEgress", "security-group"),
        everywhere("ec2", _SECURITY_GROUPS),
    ),
    "AWS::EC2::SecurityGroupIngress": (
        ec2("AuthorizeSecurityGroupIngress", "security-group", "security-group-rule"),
        ec2("RevokeSecurityGroupIngress UpdateSecurityGroupRuleDescriptionsIngress", "security-group"),
        everywhere("ec2", _SECURITY_GROUPS),
    ),
    "AWS::EC2::Subnet": (
        ec2("CreateSubnet", "subnet", "vpc"),
        ec2("DeleteSubnet ModifySubnetAttribute CreateTags DeleteTags", "subnet"),
        everywhere("ec2", "DescribeSubnets DescribeNetworkAcls"),
    ),
    "AWS::EC2::SubnetRouteTableAssociation": (
        ec2("AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation", "route-table", "subnet"),
        everywhere("ec2", "DescribeSubnets DescribeRouteTables"),
    ),
    "AWS::EC2::VPC": (
        ec2(
            "CreateVpc DeleteVpc ModifyVpcAttribute ModifyVpcTenancy DescribeVpcAttribute CreateTags DeleteTags", "vpc"
        ),
        everywhere("ec2", "DescribeVpcs DescribeNetworkAcls DescribeSecurityGroups DescribeVpcEncryptionControls"),
    ),
    "AWS::EC2::VPCEndpoint": (
        ec2("CreateVpcEndpoint", "vpc-endpoint", "vpc", "subnet", "security-group", "route-table"),
        ec2("ModifyVpcEndpoint", "vpc-endpoint", "subnet", "security-group", "route-table"),
        ec2("DeleteVpcEndpoints CreateTags DeleteTags", "vpc-endpoint"),
        everywhere("ec2", "DescribeVpcEndpoints DescribeSubnets DescribeSecurityGroups DescribeVpcs"),
    ),
}
