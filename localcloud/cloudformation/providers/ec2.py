"""Networks: VPC, subnets, gateways, security groups, endpoints, flow logs. Recorded; no packet passes through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from botocore import xform_name

from localcloud.cloudformation.providers.api_resource import all_tags, as_tag_list, tag_changes
from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Properties,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
)
from localcloud.cloudformation.providers.conversion import convert
from localcloud.cloudformation.providers.ec2_rules import (
    GatewayAttachment,
    Route,
    RouteTableAssociation,
    SecurityGroupRule,
    ip_permission,
)
from localcloud.query_protocol import service_model

Modify = Callable[[Any, str, Properties], None]


@dataclass(frozen=True)
class Ec2Resource(Provider):
    """A type of EC2: created with tags under its kind, found by its id.

    path: jmespath of the id in the create answer. settings: properties that `modify` sets by calls of its own, also in
    place; a change of any other property replaces.
    """

    create_operation: str
    delete_operation: str
    read_operation: str
    identifier: str
    path: str
    kind: str
    read_by: str = ""
    found: str = ""
    settings: frozenset[str] = frozenset()
    modify: Modify | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    taggable = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed - self.settings - {"Tags"})

    def create(self, request: Request, properties: Properties) -> Outcome:
        ec2 = request.client("ec2")
        own = {self.rename.get(key, key): item for key, item in properties.items() if key not in self.settings}
        own.pop("Tags", None)
        shape = service_model("ec2").operation_model(self.create_operation).input_shape
        assert shape is not None
        parameters = convert(own, shape, request.type)
        tags = as_tag_list(all_tags(properties, request.tags))
        if tags:
            parameters["TagSpecifications"] = [{"ResourceType": self.kind, "Tags": tags}]
        answer = getattr(ec2, xform_name(self.create_operation))(**parameters)
        physical_id = jmespath.search(self.path, answer)
        if self.modify:
            self.modify(ec2, physical_id, properties)
        return self._outcome(request.client, physical_id)

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        changed = changed_names(properties, previous)
        if self.replaces(changed):
            return self.create(request, properties)
        ec2 = request.client("ec2")
        if self.modify and changed & self.settings:
            self.modify(ec2, physical_id, properties)
        gone, new = tag_changes(request, properties, previous)
        if gone:
            ec2.delete_tags(Resources=[physical_id], Tags=[{"Key": key} for key in gone])
        if new:
            ec2.create_tags(Resources=[physical_id], Tags=as_tag_list(new))
        return self._outcome(request.client, physical_id)

    def _outcome(self, client: ClientFactory, physical_id: str) -> Outcome:
        if not self.attributes:
            return Outcome(physical_id)
        answer = self._read(client, physical_id)
        return Outcome(physical_id, {name: jmespath.search(path, answer) for name, path in self.attributes.items()})

    def _read(self, client: ClientFactory, physical_id: str) -> dict[str, Any]:
        call = getattr(client("ec2"), xform_name(self.read_operation))
        return call(**{self.read_by or f"{self.identifier}s": [physical_id]})

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        call = getattr(request.client("ec2"), xform_name(self.delete_operation))
        plural = self.identifier.endswith("s")
        ignore_gone(lambda: call(**{self.identifier: [physical_id] if plural else physical_id}))

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        found: list[Any] = []
        if not answers(lambda: found.append(self._read(client, physical_id))):
            return False
        return not self.found or bool(jmespath.search(self.found, found[0]))


def _vpc_settings(ec2: Any, vpc: str, properties: Properties) -> None:
    for name, default in (("EnableDnsSupport", True), ("EnableDnsHostnames", False)):
        value = str(properties.get(name, default)).lower() == "true"
        ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": value}})


def _subnet_settings(ec2: Any, subnet: str, properties: Properties) -> None:
    public = str(properties.get("MapPublicIpOnLaunch", False)).lower() == "true"
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": public})


class SecurityGroup(Ec2Resource):
    """AWS::EC2::SecurityGroup with its inline rules."""

    def create(self, request: Request, properties: Properties) -> Outcome:
        named = {"GroupName": request.generated_name(255), **properties}
        outcome = super().create(request, named)
        ec2 = request.client("ec2")
        if "SecurityGroupEgress" in properties:
            # Own egress rules take the place of the rule that allows everything.
            everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ec2.revoke_security_group_egress(GroupId=outcome.physical_id, IpPermissions=[everything])
        self._rules(ec2, outcome.physical_id, properties, {})
        return outcome

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        outcome = super().update(request, physical_id, properties, previous)
        if outcome.physical_id == physical_id:
            self._rules(request.client("ec2"), physical_id, properties, previous)
        return outcome

    @staticmethod
    def _rules(ec2: Any, group: str, properties: Properties, previous: Properties) -> None:
        for key, way in (("SecurityGroupIngress", "ingress"), ("SecurityGroupEgress", "egress")):
            new, old = properties.get(key, []), previous.get(key, [])
            for rule in [rule for rule in old if rule not in new]:
                getattr(ec2, f"revoke_security_group_{way}")(GroupId=group, IpPermissions=[ip_permission(rule)])
            for rule in [rule for rule in new if rule not in old]:
                getattr(ec2, f"authorize_security_group_{way}")(GroupId=group, IpPermissions=[ip_permission(rule)])


PROVIDERS: dict[str, Provider] = {
    "AWS::EC2::VPC": Ec2Resource(
        create_operation="CreateVpc",
        delete_operation="DeleteVpc",
        read_operation="DescribeVpcs",
        identifier="VpcId",
        path="Vpc.VpcId",
        kind="vpc",
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
        attributes={"AllocationId": "Addresses[0].AllocationId", "PublicIp": "Addresses[0].PublicIp"},
    ),
    "AWS::EC2::NatGateway": Ec2Resource(
        create_operation="CreateNatGateway",
        delete_operation="DeleteNatGateway",
        read_operation="DescribeNatGateways",
        identifier="NatGatewayId",
        path="NatGateway.NatGatewayId",
        kind="natgateway",
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
        settings=frozenset({"SecurityGroupIngress", "SecurityGroupEgress"}),
        attributes={"GroupId": "SecurityGroups[0].GroupId", "VpcId": "SecurityGroups[0].VpcId"},
    ),
    "AWS::EC2::SecurityGroupIngress": SecurityGroupRule("ingress"),
    "AWS::EC2::SecurityGroupEgress": SecurityGroupRule("egress"),
    "AWS::EC2::VPCEndpoint": Ec2Resource(
        create_operation="CreateVpcEndpoint",
        delete_operation="DeleteVpcEndpoints",
        read_operation="DescribeVpcEndpoints",
        identifier="VpcEndpointIds",
        read_by="VpcEndpointIds",
        path="VpcEndpoint.VpcEndpointId",
        kind="vpc-endpoint",
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
        rename={"ResourceId": "ResourceIds"},
        found="FlowLogs",
        attributes={"Id": "FlowLogs[0].FlowLogId"},
    ),
}
