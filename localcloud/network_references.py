"""Networks: moto takes some ids of what does not exist; here they are refused, as EC2 refuses them."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias

from localcloud.replacement import replaced

Arguments: TypeAlias = Mapping[str, Any]  # of one of moto's methods, by their names


def refuse_what_does_not_exist(replacements: contextlib.ExitStack) -> None:
    """A group's VPC, a subnet's zone, groups of endpoints and interfaces, a route's NAT gateway and gateway."""
    from moto.ec2 import exceptions
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
    from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
    from moto.ec2.models.route_tables import RouteBackend
    from moto.ec2.models.security_groups import SecurityGroupBackend
    from moto.ec2.models.subnets import SubnetBackend
    from moto.ec2.models.vpcs import VPCBackend

    def vpc_of_group(backend: Any, given: Arguments) -> None:
        if given.get("vpc_id") is not None:
            backend.get_vpc(given["vpc_id"])

    def zone_of_subnet(backend: Any, given: Arguments) -> None:
        zones = RegionsAndZonesBackend.zones.get(backend.region_name, ())
        for name, known in (
            ("availability_zone", [zone.name for zone in zones]),
            ("availability_zone_id", [zone.zone_id for zone in zones]),
        ):
            if given.get(name) is not None and given[name] not in known:
                raise exceptions.InvalidAvailabilityZoneError(given[name], ", ".join(known))

    def groups_of_endpoint(backend: Any, given: Arguments) -> None:
        check_groups(backend, given.get("security_group_ids") or ())

    def groups_of_interface(backend: Any, given: Arguments) -> None:
        if missing := _missing_groups(backend, given.get("group_ids") or ()):
            message = f"The securityGroup ID '{missing[0]}' does not exist"
            raise exceptions.EC2ClientError("InvalidSecurityGroupID.NotFound", message)

    def gateway_of_route(backend: Any, given: Arguments) -> None:
        table, nat, gateway = given["route_table_id"], given.get("nat_gateway_id"), given.get("gateway_id")
        if nat is not None and nat not in backend.nat_gateways:
            message = f"The natGateway ID '{nat}' does not exist"
            raise exceptions.EC2ClientError("InvalidNatGatewayID.NotFound", message)
        internet = backend.internet_gateways.get(gateway)
        if internet is not None and getattr(internet.vpc, "id", None) != backend.get_route_table(table).vpc_id:
            message = f"route table {table} and network gateway {gateway} belong to different networks"
            raise exceptions.EC2ClientError("InvalidParameterValue", message)

    for owner, name, check in (
        (SecurityGroupBackend, "create_security_group", vpc_of_group),
        (SubnetBackend, "create_subnet", zone_of_subnet),
        (VPCBackend, "create_vpc_endpoint", groups_of_endpoint),
        (NetworkInterfaceBackend, "create_network_interface", groups_of_interface),
        (RouteBackend, "create_route", gateway_of_route),
        (RouteBackend, "replace_route", gateway_of_route),
    ):
        replacements.enter_context(replaced(owner, name, _checked(vars(owner)[name], check)))
    for error, code, what in (
        (exceptions.InvalidVPCIdError, "InvalidVpcID.NotFound", "vpc ID"),
        (exceptions.InvalidSecurityGroupNotFoundError, "InvalidGroup.NotFound", "security group"),
        (exceptions.InvalidInternetGatewayIdError, "InvalidInternetGatewayID.NotFound", "internetGateway ID"),
    ):
        replacements.enter_context(replaced(error, "__init__", _words(code, what)))


def check_groups(backend: Any, group_ids: Iterable[str]) -> None:
    """InvalidGroup.NotFound for a security group that does not exist."""
    from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError

    if missing := _missing_groups(backend, group_ids):
        raise InvalidSecurityGroupNotFoundError(missing[0])


def _missing_groups(backend: Any, group_ids: Iterable[str]) -> list[str]:
    return [name for name in group_ids if backend.get_security_group_from_id(name) is None]


def _checked(original: Callable[..., Any], check: Callable[[Any, Arguments], None]) -> Callable[..., Any]:
    """`original` after `check`, which gets the arguments by their names."""
    signature = inspect.signature(original)

    def call(backend: Any, *arguments: Any, **options: Any) -> Any:
        check(backend, signature.bind(backend, *arguments, **options).arguments)
        return original(backend, *arguments, **options)

    return call


def _words(code: str, what: str) -> Callable[[Any, str | Collection[str]], None]:
    """EC2's own words; moto shows a Python set where several ids were asked for."""

    def initialize(error: Any, name: str | Collection[str]) -> None:
        from moto.ec2.exceptions import EC2ClientError

        named = name if isinstance(name, str) else ", ".join(sorted(name))
        EC2ClientError.__init__(error, code, f"The {what} '{named}' does not exist")

    return initialize
