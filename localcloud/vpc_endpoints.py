"""ModifyVpcEndpoint: moto changes only some fields of its record; here what the endpoint has in its network follows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from localcloud.network_references import check_groups
from localcloud.replacement import replaced


def complete_endpoint_changes(replacements: contextlib.ExitStack) -> None:
    """Private DNS, the default policy, interfaces for subnets, routes for route tables; a missing one is refused."""
    from moto.ec2.responses.vpcs import VPCs

    modify_record = VPCs.modify_vpc_endpoint

    def modify(response: Any) -> Any:
        backend, asked = response.ec2_backend, response._get_param
        endpoint = backend.describe_vpc_endpoints(vpc_end_point_ids=[asked("VpcEndpointId")])[0]
        _check(backend, asked)
        before = _network(endpoint)
        answer = modify_record(response)
        if (private := response._get_bool_param("PrivateDnsEnabled")) is not None:
            endpoint.private_dns_enabled = private
        if response._get_bool_param("ResetPolicy"):
            endpoint.policy_document = None
        _follow(backend, endpoint, before)
        return answer

    replacements.enter_context(replaced(VPCs, "modify_vpc_endpoint", modify))


def _check(backend: Any, asked: Callable[..., Any]) -> None:
    for subnet in asked("AddSubnetIds", []):
        backend.get_subnet(subnet)
    for table in asked("AddRouteTableIds", []):
        backend.get_route_table(table)
    check_groups(backend, asked("AddSecurityGroupIds", []))


def _network(endpoint: Any) -> tuple[set[str], set[str]]:
    return set(endpoint.subnet_ids or ()), set(endpoint.route_table_ids or ())


def _follow(backend: Any, endpoint: Any, before: tuple[set[str], set[str]]) -> None:
    """Make and remove the endpoint's interfaces and routes."""
    (subnets, tables), (old_subnets, old_tables) = _network(endpoint), before
    if (endpoint.vpc_endpoint_type or "").lower() == "interface":
        held = {backend.enis[name].subnet.id: name for name in endpoint.network_interface_ids}
        for subnet in old_subnets - subnets:
            backend.delete_network_interface(held.pop(subnet))
        made = [_interface(backend, subnet) for subnet in sorted(subnets - old_subnets)]
        endpoint.network_interface_ids = [*held.values(), *made]
    elif endpoint.destination_prefix_list_id:
        for table in tables - old_tables:
            route = {"gateway_id": endpoint.id, "destination_prefix_list_id": endpoint.destination_prefix_list_id}
            backend.create_route(table, None, **route)
        for table in old_tables - tables:
            backend.delete_route(table, endpoint.destination_prefix_list_id)


def _interface(backend: Any, subnet: str) -> str:
    from moto.ec2.utils import random_private_ip

    made: str = backend.create_network_interface(subnet, random_private_ip()).id
    return made
