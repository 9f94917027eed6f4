"""Ways in and out of the network."""

from __future__ import annotations

from typing import Any

from tests.checks.breakages.breakage import FOREIGN, Break, add, both, drop, one, put
from tests.checks.mutations import Mutant

GROUP = "AWS::EC2::SecurityGroup"


def way_in(**rule: Any) -> Break:
    def change(mutant: Mutant) -> None:
        one(mutant, GROUP, "NetworkJobs")["SecurityGroupIngress"] = [
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **rule}
        ]

    return change


def way_out(**rule: Any) -> Break:
    def change(mutant: Mutant) -> None:
        one(mutant, GROUP, "NetworkJobs")["SecurityGroupEgress"] = [rule]

    return change


def rule_of_its_own(kind: str, **rule: Any) -> Break:
    return add(kind, GroupId="sg-1", IpProtocol="-1", **rule)


def endpoint(path: str, value: Any, kind: str = "Interface") -> Break:
    def change(mutant: Mutant) -> None:
        found = next(
            item["Properties"]
            for item in mutant.all("AWS::EC2::VPCEndpoint")
            if item["Properties"]["VpcEndpointType"] == kind
        )
        *way, last = path.split(".")
        holder: Any = found
        for part in way:
            holder = holder[int(part)] if isinstance(holder, list) else holder[part]
        holder[last] = value

    return change


BREAKAGES: dict[str, Break] = {
    "everybody in": way_in(CidrIp="0.0.0.0/0"),
    "half of everybody in": way_in(CidrIp="0.0.0.0/1"),
    "the other half in": way_in(CidrIp="128.0.0.0/1"),
    "both halves in": both(way_in(CidrIp="0.0.0.0/1"), rule_of_its_own("AWS::EC2::SecurityGroupIngress", CidrIp="128.0.0.0/1")),
    "a quarter in": way_in(CidrIp="64.0.0.0/2"),
    "a provider in": way_in(CidrIp="52.0.0.0/8"),
    "one address in": way_in(CidrIp="203.0.113.7/32"),
    "everybody in by IPv6": way_in(CidrIpv6="::/0"),
    "half in by IPv6": way_in(CidrIpv6="8000::/1"),
    "everybody in, written long": way_in(CidrIpv6="0:0:0:0:0:0:0:0/0"),
    "the internet in by IPv6": way_in(CidrIpv6="2000::/3"),
    "a prefix list in": way_in(SourcePrefixListId="pl-0123456789abcdef0"),
    "a foreign group in": way_in(SourceSecurityGroupId="sg-0badc0ffee0badc0f", SourceSecurityGroupOwnerId="210987654321"),
    "a rule of its own": rule_of_its_own("AWS::EC2::SecurityGroupIngress", CidrIp="0.0.0.0/0"),
    "a range by a parameter": both(lambda m: next(iter(m.templates.values())).setdefault("Parameters", {}).update(Range={"Type": "String", "Default": "0.0.0.0/0"}), rule_of_its_own("AWS::EC2::SecurityGroupIngress", CidrIp={"Ref": "Range"})),
    "a range by a mapping": both(lambda m: next(iter(m.templates.values())).setdefault("Mappings", {}).update(Ranges={"all": {"cidr": "0.0.0.0/0"}}), rule_of_its_own("AWS::EC2::SecurityGroupIngress", CidrIp={"Fn::FindInMap": ["Ranges", "all", "cidr"]})),
    "a range by a join": way_in(CidrIp={"Fn::Join": ["/", ["0.0.0.0", "0"]]}),
    "everything out": way_out(CidrIp="0.0.0.0/0", IpProtocol="-1"),
    "SSH out": way_out(CidrIp="0.0.0.0/0", IpProtocol="tcp", FromPort=22, ToPort=22),
    "DNS out": way_out(CidrIp="8.8.8.8/32", IpProtocol="udp", FromPort=53, ToPort=53),
    "all ports out": way_out(CidrIp="0.0.0.0/0", IpProtocol="tcp", FromPort=0, ToPort=65535),
    "everything out by IPv6": way_out(CidrIpv6="::/0", IpProtocol="-1"),
    "no rule, which is all out": drop(GROUP, "SecurityGroupEgress", "NetworkJobs"),
    "an internet gateway": add("AWS::EC2::InternetGateway"),
    "a NAT gateway": add("AWS::EC2::NatGateway", SubnetId="subnet-1"),
    "a peering": add("AWS::EC2::VPCPeeringConnection", VpcId="vpc-1", PeerVpcId="vpc-2", PeerOwnerId="210987654321"),
    "a transit gateway": add("AWS::EC2::TransitGatewayAttachment", VpcId="vpc-1", SubnetIds=["s"], TransitGatewayId="tgw-1"),
    "a VPN": add("AWS::EC2::VPNGateway", Type="ipsec.1"),
    "a shared subnet": add("AWS::RAM::ResourceShare", Name="x", Principals=["210987654321"]),
    "public addresses": put("AWS::EC2::Subnet", "MapPublicIpOnLaunch", True),
    "public addresses by IPv6": put("AWS::EC2::Subnet", "AssignIpv6AddressOnCreation", True),
    "an address": add("AWS::EC2::EIP"),
    "an instance": add("AWS::EC2::Instance", ImageId="ami-1", NetworkInterfaces=[{"AssociatePublicIpAddress": True, "DeviceIndex": "0"}]),
    "a launch template with a secret": add("AWS::EC2::LaunchTemplate", LaunchTemplateData={"UserData": {"Fn::Base64": "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}),
    "an endpoint for every account": endpoint("PolicyDocument.Statement.0.Condition", {}),
    "an endpoint for another account": endpoint("PolicyDocument.Statement.0.Condition", {"StringEquals": {"aws:PrincipalAccount": "210987654321"}}),
    "an endpoint for an organization": endpoint("PolicyDocument.Statement.0.Condition", {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}),
    "an endpoint of somebody": endpoint("ServiceName", "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"),
    "every bucket": endpoint("PolicyDocument.Statement.1.Resource", "*", "Gateway"),
    "every bucket by a pattern": endpoint("PolicyDocument.Statement.1.Resource", "arn:aws:s3:::*/*", "Gateway"),
    "one foreign bucket": endpoint("PolicyDocument.Statement.1.Resource", ["arn:aws:s3:::somebody-elses-bucket/*"], "Gateway"),
    "a bucket like the layers'": endpoint("PolicyDocument.Statement.1.Resource", "arn:aws:s3:::*-starport-layer-bucket/*", "Gateway"),
    "all S3 actions through the gateway": endpoint("PolicyDocument.Statement.1.Action", "s3:*", "Gateway"),
    "a gateway without a policy": endpoint("PolicyDocument", {"Statement": []}, "Gateway"),
    "flow logs elsewhere": both(drop("AWS::EC2::FlowLog", "LogGroupName"), put("AWS::EC2::FlowLog", "LogDestination", "arn:aws:s3:::somebody-elses-bucket")),
    "flow logs of refused traffic only": put("AWS::EC2::FlowLog", "TrafficType", "REJECT"),
    "a Studio with internet": put("AWS::SageMaker::Domain", "AppNetworkAccessType", "PublicInternetOnly"),
    "a Studio with another role": put("AWS::SageMaker::Domain", "DefaultUserSettings.ExecutionRole", FOREIGN.replace("root", "role/x")),
    "a profile with another role": put("AWS::SageMaker::UserProfile", "UserSettings", {"ExecutionRole": "arn:aws:iam::123456789012:role/admin"}),
    "notebooks shared elsewhere": put("AWS::SageMaker::Domain", "DefaultUserSettings.SharingSettings", {"NotebookOutputOption": "Allowed", "S3OutputPath": "s3://somebody-elses-bucket/"}),
    "a notebook with internet": add("AWS::SageMaker::NotebookInstance", DirectInternetAccess="Enabled", InstanceType="ml.t3.medium", RoleArn="x"),
    "a jobs group that is foreign": put("AWS::SageMaker::Model", "VpcConfig.SecurityGroupIds", ["sg-0badc0ffee0badc0f"]),
}  # fmt: skip
