"""An existing VPC: whether what its owner made is what jobs, models and Studio need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from config import instances
from config.platform import INTERFACE_SERVICES, NetworkConfig
from kennel.preflight import security_groups
from kennel.preflight.finding import Finding, error, ok, unknown, warning
from kennel.preflight.subject import Subject

FEW_ADDRESSES = 16
"""A rollout has old and new instances at once, a search several trials: with fewer free ones a start may fail."""
_OUT = ("0.0.0.0/0", "::/0")


def existing(subject: Subject) -> Iterator[Finding]:
    """Where the stacks make the network, only its zones are asked for."""
    config = subject.config.network
    if config.vpc_id is None:
        yield from _zones(subject)
        return
    network = Network(subject.session.client("ec2"), config)
    if network.vpc is None:
        yield error(f"{config.vpc_id} is not a VPC of this account and region: correct network.vpc_id")
        return
    found = [
        *network.subnets_found(),
        *network.names(),
        *_ways_out(network, subject),
        *security_groups.of(network.ec2, config, _has_efa(subject)),
    ]
    yield from found or [ok(f"{config.vpc_id} has what jobs, models and Studio need")]


def _zones(subject: Subject) -> Iterator[Finding]:
    """Whether this account may use as many zones of the region, and those that are chosen."""
    config, region = subject.config.network, subject.config.region
    found = subject.session.client("ec2").describe_availability_zones()["AvailabilityZones"]
    usable = sorted(
        item["ZoneId"]
        for item in found
        if item.get("ZoneType", "availability-zone") == "availability-zone" and item["State"] == "available"
    )
    wrong = [name for name in config.zone_ids if name not in usable]
    if wrong:
        yield error(
            f"{', '.join(wrong)} of network.zone_ids is not a zone that this account may use in {region}: choose from "
            f"{', '.join(usable)}"
        )
    elif config.zone_count > len(usable):
        yield error(
            f"network.zones is {config.zones}, and this account may use {len(usable)} in {region}: set it to "
            f"{len(usable)} or less"
        )
    else:
        yield ok(f"the stacks make the network, in {config.zone_count} of {len(usable)} zones of {region}")


def _has_efa(subject: Subject) -> bool:
    return any(instances.has_efa(name) for name in subject.config.training.types)


@dataclass
class Network:
    """What EC2 says of the VPC and the chosen subnets."""

    ec2: Any
    config: NetworkConfig

    @cached_property
    def vpc(self) -> dict[str, Any] | None:
        found = self.ec2.describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [self.config.vpc_id]}])["Vpcs"]
        return found[0] if found else None

    @cached_property
    def subnets(self) -> list[dict[str, Any]]:
        wanted = [{"Name": "subnet-id", "Values": list(self.config.subnet_ids)}]
        found: list[dict[str, Any]] = self.ec2.describe_subnets(Filters=wanted)["Subnets"]
        return [item for item in found if item["VpcId"] == self.config.vpc_id]

    def subnets_found(self) -> Iterator[Finding]:
        """Whether they are there, lie in two zones and have room."""
        known = {item["SubnetId"] for item in self.subnets}
        for name in self.config.subnet_ids:
            if name not in known:
                yield error(f"{name} is not a subnet of {self.config.vpc_id}: correct network.subnet_ids")
        zones = {item["AvailabilityZone"] for item in self.subnets}
        if len(zones) == 1 and len(known) > 1:
            yield error(
                f"all of network.subnet_ids lie in {zones.pop()}: add one in another zone, or an endpoint fails as its "
                "zone fails"
            )
        for item in self.subnets:
            if (free := item["AvailableIpAddressCount"]) < FEW_ADDRESSES:
                addresses = "1 free address" if free == 1 else f"{free} free addresses"
                yield error(f"{item['SubnetId']} has {addresses}, and each instance takes one: choose a larger subnet")

    def names(self) -> Iterator[Finding]:
        """Private names of endpoints need both."""
        for attribute in ("enableDnsSupport", "enableDnsHostnames"):
            answer = self.ec2.describe_vpc_attribute(VpcId=self.config.vpc_id, Attribute=attribute)
            if not answer[attribute[0].upper() + attribute[1:]]["Value"]:
                yield error(f"{self.config.vpc_id} has {attribute} off: have it turned on, or no endpoint is found")

    @cached_property
    def tables(self) -> dict[str, dict[str, Any]]:
        """Subnet -> its route table, the VPC's main one unless it has its own."""
        wanted = [{"Name": "vpc-id", "Values": [self.config.vpc_id]}]
        pages = self.ec2.get_paginator("describe_route_tables").paginate(Filters=wanted)
        tables = [item for page in pages for item in page["RouteTables"]]
        links = [(link, table) for table in tables for link in table.get("Associations", ())]
        main: dict[str, Any] = next((table for link, table in links if link.get("Main")), {})
        own = {link["SubnetId"]: table for link, table in links if "SubnetId" in link}
        return {item["SubnetId"]: own.get(item["SubnetId"], main) for item in self.subnets}

    @cached_property
    def endpoints(self) -> list[dict[str, Any]]:
        wanted = [{"Name": "vpc-id", "Values": [self.config.vpc_id]}]
        pages = self.ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=wanted)
        found = [item for page in pages for item in page["VpcEndpoints"]]
        return [item for item in found if item.get("State", "available").lower() == "available"]

    def reaches(self, subnet: str) -> bool:
        """Whether a default route leads out. One to an internet gateway does not: what SageMaker attaches has no public
        address.
        """
        return any(
            route.get("DestinationCidrBlock") in _OUT
            and route.get("State", "active") == "active"
            and not str(route.get("GatewayId", "")).startswith("igw-")
            for route in self.tables[subnet].get("Routes", ())
        )

    def reaches_s3(self, subnet: str) -> bool:
        table = self.tables[subnet].get("RouteTableId")
        return self.reaches(subnet) or any(
            item["ServiceName"].endswith(".s3") and (table in item.get("RouteTableIds", ()) or _private(item))
            for item in self.endpoints
        )

    def missing(self, services: Sequence[str]) -> list[str]:
        """Those without an interface endpoint that is found by the service's own name."""
        there = [item["ServiceName"] for item in self.endpoints if _private(item)]
        return [name for name in services if not any(found.endswith(f".{name}") for found in there)]


def _private(endpoint: dict[str, Any]) -> bool:
    return endpoint.get("VpcEndpointType") == "Interface" and bool(endpoint.get("PrivateDnsEnabled"))


def _ways_out(network: Network, subject: Subject) -> Iterator[Finding]:
    shut = []
    for subnet in network.tables:
        if not network.tables[subnet]:
            yield unknown(f"the route table of {subnet} is not shown to this account: ask its owner for a way to S3")
            continue
        if not network.reaches(subnet):
            shut.append(subnet)
        if not network.reaches_s3(subnet):
            yield error(
                f"{subnet} has no way to S3, where every job reads and writes: have a gateway endpoint for S3 added to "
                "its route table, or a default route through a NAT gateway"
            )
    missing = network.missing(INTERFACE_SERVICES) if shut else []
    if not missing:
        return
    studio, vpc = subject.config.studio, network.config.vpc_id
    lacks = f"{', '.join(shut)} has no default route, and {vpc} no interface endpoint with private DNS for"
    services = ", ".join(missing)
    if studio.enabled and studio.vpc_only:
        yield error(f"{lacks} {services}: have them added, or a notebook in Studio cannot start")
    else:
        yield warning(f"{lacks} {services}: isolated jobs and models need none, Studio with vpc_only does")
