"""The private network."""

from __future__ import annotations

from typing import Any

from tests.checks.cases.case import GONE, Case, resource

VPC = {"X": resource("AWS::EC2::VPC")}
OUT = (
    "AWS::EC2::InternetGateway", "AWS::EC2::EgressOnlyInternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route",
    "AWS::EC2::VPCPeeringConnection", "AWS::EC2::TransitGatewayAttachment",
)  # fmt: skip
OF_ITS_OWNER = (
    "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::VPCEndpoint", "AWS::EC2::FlowLog", "AWS::EC2::RouteTable",
)  # fmt: skip
GATEWAY = resource(
    "AWS::EC2::VPCEndpoint",
    VpcId={"Ref": "X"},
    VpcEndpointType="Gateway",
    RouteTableIds=[{"Ref": "Table"}],
    PolicyDocument={
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${Data.Arn}/*"}}]
    },
)
STUDIO = ("sagemaker.api", "sagemaker.runtime", "ecr.api", "ecr.dkr", "logs", "sts", "kms", "monitoring",
          "states", "cloudformation")  # fmt: skip
STATEMENT = "X.PolicyDocument.Statement.0"
TRAFFIC = (("tcp", 0, 65535), ("udp", 500, 500), ("50", None, None))


def allowed(direction: str, peer: str, protocol: str, low: int | None, high: int | None) -> dict[str, Any]:
    ports = {} if low is None else {"FromPort": low, "ToPort": high}
    return resource(
        f"AWS::EC2::SecurityGroup{direction}",
        GroupId={"Fn::GetAtt": ["Group", "GroupId"]},
        IpProtocol=protocol,
        **{peer: {"Fn::GetAtt": ["Group", "GroupId"]}},
        **ports,
    )


def studio_endpoint(name: str) -> dict[str, Any]:
    return resource("AWS::EC2::VPCEndpoint", ServiceName=f"com.amazonaws.eu-west-1.{name}")


INSIDE = {
    f"{direction}{protocol}": allowed(direction, peer, protocol, low, high)
    for direction, peer in (("Ingress", "SourceSecurityGroupId"), ("Egress", "DestinationSecurityGroupId"))
    for protocol, low, high in TRAFFIC
}
ANYWHERE = ({"CidrIp": "0.0.0.0/0"}, {"CidrIpv6": "::/0"})

OWN_ACCOUNT = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}},
        }
    ]
}
EVERYTHING_INSIDE = {
    f"{way}All": resource(
        f"AWS::EC2::SecurityGroup{way}",
        GroupId={"Ref": "Group"},
        IpProtocol="-1",
        **{f"{peer}SecurityGroupId": {"Ref": "Group"}},
    )
    for way, peer in (("Ingress", "Source"), ("Egress", "Destination"))
}


CASES = (
    *(Case("network.closed", {"X": resource("AWS::EC2::RouteTable")}, ({"X.Type": kind},)) for kind in OUT),
    Case(
        "network.existing",
        {"X": resource("AWS::EC2::SecurityGroup", VpcId="vpc-1")},
        ({"X.VpcId": "vpc-2"}, {"X.VpcId": {"Ref": "Vpc"}}, *({"X.Type": kind} for kind in OF_ITS_OWNER)),
    ),
    Case(
        "network.private",
        {"X": resource("AWS::EC2::Subnet", MapPublicIpOnLaunch=False)},
        ({"X.MapPublicIpOnLaunch": True}, {"X.MapPublicIpOnLaunch": GONE}),
    ),
    Case(
        "network.flow-logs",
        {**VPC, "Log": resource("AWS::EC2::FlowLog", ResourceId={"Ref": "X"}, TrafficType="ALL")},
        ({"Log": GONE}, {"Log.ResourceId": "other"}, {"Log.TrafficType": "REJECT"}),
    ),
    Case(
        "network.s3",
        {**VPC, "Gateway": GATEWAY},
        (
            {"Gateway": GONE},
            {"Gateway.VpcId": "other"},
            {"Gateway.VpcEndpointType": "Interface"},
            {"Gateway.RouteTableIds": []},
            {"Gateway.RouteTableIds": GONE},
            {"Second": GATEWAY},
        ),
    ),
    Case(
        "network.s3-policy",
        {"X": GATEWAY, "Data": resource("AWS::S3::Bucket")},
        (
            {"X.PolicyDocument": GONE},
            {"X.PolicyDocument.Statement": []},
            {f"{STATEMENT}.Resource": "*"},
            {f"{STATEMENT}.Resource": ["arn:aws:s3:::b/*"]},
            {f"{STATEMENT}.Action": "*"},
            {f"{STATEMENT}.Action": ["s3:GetObject", "s3:*"]},
        ),
        ({"X.VpcEndpointType": "Interface", "X.PolicyDocument": GONE},),
    ),
    Case(
        "network.endpoint-policy",
        {"X": resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface", PolicyDocument=OWN_ACCOUNT)},
        (
            {"X.PolicyDocument": GONE},
            {"X.PolicyDocument.Statement.0.Condition": GONE},
            {"X.PolicyDocument.Statement.0.Condition": {"StringLike": {"aws:PrincipalAccount": "*"}}},
        ),
        ({"X.PolicyDocument": GONE, "X.VpcEndpointType": "Gateway"},),
    ),
    Case(
        "network.jobs",
        {
            "Model": resource("AWS::SageMaker::Model", VpcConfig={"SecurityGroupIds": [{"Ref": "Group"}]}),
            "Group": resource("AWS::EC2::SecurityGroup"),
            **EVERYTHING_INSIDE,
        },
        (
            *({name: GONE} for name in EVERYTHING_INSIDE),
            {"IngressAll.IpProtocol": "tcp"},
            {"EgressAll.DestinationSecurityGroupId": "other"},
        ),
        culprit="the assembly",
    ),
    Case(
        "network.studio",
        {f"E{index}": studio_endpoint(name) for index, name in enumerate(STUDIO)},
        (
            *({f"E{index}": GONE} for index in range(len(STUDIO))),
            *({f"E{index}.ServiceName": f"com.amazonaws.a.not{name}"} for index, name in enumerate(STUDIO)),
            {"E0.ServiceName": GONE},
        ),
        culprit="the assembly",
    ),
    Case(
        "network.ingress",
        {"X": resource("AWS::EC2::SecurityGroup", SecurityGroupIngress=[{"CidrIp": "10.0.0.0/8"}])},
        tuple(
            {"X.SecurityGroupIngress": [{"CidrIp": "10.0.0.0/8"}, rule]}
            for rule in (
                *ANYWHERE,
                {"CidrIp": "0.0.0.0/1"},
                {"CidrIp": "128.0.0.0/1"},
                {"CidrIpv6": "8000::/1"},
                {"CidrIp": "172.0.0.0/8"},
                {"CidrIp": "203.0.113.7/32"},
                {"CidrIp": {"Ref": "Range"}},
                {"SourcePrefixListId": "pl-1"},
                {"SourceSecurityGroupId": "sg-theirs"},
                {},
            )
        ),
        (
            {"X.SecurityGroupIngress": GONE},
            {
                "X.SecurityGroupIngress": [
                    {"CidrIpv6": "fd00::/8"},
                    {"SourceSecurityGroupId": {"Fn::GetAtt": ["X", "GroupId"]}},
                ]
            },
        ),
    ),
    Case(
        "network.jobs",
        {
            "Model": resource("AWS::SageMaker::Model", VpcConfig={"SecurityGroupIds": [{"Ref": "Group"}]}),
            "Group": resource("AWS::EC2::SecurityGroup"),
            **INSIDE,
        },
        (
            *({name: GONE} for name in INSIDE),
            {"Ingresstcp.FromPort": 1},
            {"Ingresstcp.ToPort": 1},
            {"Egressudp.ToPort": 501},
            {"Ingress50.SourceSecurityGroupId": "other"},
            {"Egress50.DestinationSecurityGroupId": "other"},
            {"Egress50.GroupId": "other"},
            {"Model": GONE},
            {"Model.VpcConfig": GONE},
            {"Second": resource("AWS::EC2::SecurityGroup"), "Model.VpcConfig.SecurityGroupIds.0": {"Ref": "Second"}},
            {
                "Second": resource("AWS::EC2::SecurityGroup"),
                "Other": resource("AWS::SageMaker::Model", VpcConfig={"SecurityGroupIds": [{"Ref": "Second"}]}),
            },
        ),
        culprit="the assembly",
    ),
)
