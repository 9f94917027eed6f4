"""Routes, route table associations and gateway attachments."""

from __future__ import annotations

from typing import Required, TypedDict

from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
)


class RouteProperties(TypedDict, total=False):
    """A route has one of the destinations, and one of the targets that the EC2 API knows."""

    RouteTableId: Required[str]
    DestinationCidrBlock: str
    DestinationIpv6CidrBlock: str
    DestinationPrefixListId: str


class AssociationProperties(TypedDict):
    RouteTableId: str
    SubnetId: str


class AttachmentProperties(TypedDict):
    VpcId: str
    InternetGatewayId: str


_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


class Route(Provider[RouteProperties]):
    """AWS::EC2::Route: its target changes in place."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"RouteTableId", *_DESTINATIONS})

    def update(
        self, request: Request, physical_id: str, properties: RouteProperties, previous: RouteProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        request.client("ec2").replace_route(**properties)
        return Outcome(physical_id)

    def create(self, request: Request, properties: RouteProperties) -> Outcome:
        request.client("ec2").create_route(**properties)
        return Outcome(f"{properties['RouteTableId']}|{self._destination(properties)[1]}")

    @staticmethod
    def _destination(properties: RouteProperties) -> tuple[str, str]:
        if "DestinationCidrBlock" in properties:
            return "DestinationCidrBlock", properties["DestinationCidrBlock"]
        if "DestinationIpv6CidrBlock" in properties:
            return "DestinationIpv6CidrBlock", properties["DestinationIpv6CidrBlock"]
        return "DestinationPrefixListId", properties["DestinationPrefixListId"]

    def delete(self, request: Request, physical_id: str, properties: RouteProperties) -> None:
        name, value = self._destination(properties)
        ec2 = request.client("ec2")
        ignore_gone(lambda: ec2.delete_route(RouteTableId=properties["RouteTableId"], **{name: value}))

    def exists(self, client: ClientFactory, physical_id: str, properties: RouteProperties) -> bool:
        tables: list[dict[str, list[dict[str, str]]]] = []
        call = client("ec2").describe_route_tables
        if not answers(lambda: tables.extend(call(RouteTableIds=[properties["RouteTableId"]])["RouteTables"])):
            return False
        name, value = self._destination(properties)
        return any(route.get(name) == value for route in tables[0]["Routes"])


class RouteTableAssociation(Provider[AssociationProperties]):
    """AWS::EC2::SubnetRouteTableAssociation."""

    def replaces(self, changed: set[str]) -> bool:
        return True

    def create(self, request: Request, properties: AssociationProperties) -> Outcome:
        answer = request.client("ec2").associate_route_table(**properties)
        return Outcome(answer["AssociationId"], {"Id": answer["AssociationId"]})

    def delete(self, request: Request, physical_id: str, properties: AssociationProperties) -> None:
        ignore_gone(lambda: request.client("ec2").disassociate_route_table(AssociationId=physical_id))

    def exists(self, client: ClientFactory, physical_id: str, properties: AssociationProperties) -> bool:
        filters = [{"Name": "association.route-table-association-id", "Values": [physical_id]}]
        return bool(client("ec2").describe_route_tables(Filters=filters)["RouteTables"])


class GatewayAttachment(Provider[AttachmentProperties]):
    """AWS::EC2::VPCGatewayAttachment of an internet gateway."""

    def replaces(self, changed: set[str]) -> bool:
        return "VpcId" in changed

    def update(
        self, request: Request, physical_id: str, properties: AttachmentProperties, previous: AttachmentProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        self.delete(request, physical_id, previous)
        return self.create(request, properties)

    def create(self, request: Request, properties: AttachmentProperties) -> Outcome:
        request.client("ec2").attach_internet_gateway(**properties)
        return Outcome(f"IGW|{properties['VpcId']}")

    def delete(self, request: Request, physical_id: str, properties: AttachmentProperties) -> None:
        ec2 = request.client("ec2")
        ignore_gone(lambda: ec2.detach_internet_gateway(**properties))

    def exists(self, client: ClientFactory, physical_id: str, properties: AttachmentProperties) -> bool:
        filters = [{"Name": "attachment.vpc-id", "Values": [properties["VpcId"]]}]
        return bool(client("ec2").describe_internet_gateways(Filters=filters)["InternetGateways"])
