"""Networks: moto deletes what is in use; here it is refused with DependencyViolation, as EC2 does."""

from __future__ import annotations

import contextlib
from typing import Any

from localcloud.replacement import replaced


def refuse_deleting_what_is_in_use(replacements: contextlib.ExitStack) -> None:
    """Security groups that interfaces or other groups refer to, subnets with interfaces, VPCs with security groups."""
    from moto.ec2.models.security_groups import SecurityGroupBackend
    from moto.ec2.models.subnets import SubnetBackend
    from moto.ec2.models.vpcs import VPCBackend

    delete_group, delete_subnet = SecurityGroupBackend.delete_security_group, SubnetBackend.delete_subnet
    delete_vpc = VPCBackend.delete_vpc

    def group(self: Any, name: str | None = None, group_id: str | None = None) -> None:
        if group_id is not None and (users := _users_of_group(self, group_id)):
            raise _violation(f"resource {group_id} has a dependent object ({', '.join(users)})")
        delete_group(self, name, group_id)

    def subnet(self: Any, subnet_id: str) -> Any:
        if any(eni.subnet.id == subnet_id for eni in self.enis.values()):
            raise _violation(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return delete_subnet(self, subnet_id)

    def vpc(self: Any, vpc_id: str) -> Any:
        if any(item.name != "default" for item in self.groups.get(vpc_id, {}).values()):
            raise _violation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return delete_vpc(self, vpc_id)

    for owner, name, replacement in (
        (SecurityGroupBackend, "delete_security_group", group),
        (SubnetBackend, "delete_subnet", subnet),
        (VPCBackend, "delete_vpc", vpc),
    ):
        replacements.enter_context(replaced(owner, name, replacement))


def _users_of_group(backend: Any, group_id: str) -> list[str]:
    """Interfaces in the group, and other groups whose rules name it."""
    interfaces = [eni.id for eni in backend.enis.values() if any(item.id == group_id for item in eni.group_set)]
    others = [
        other.id
        for groups in backend.groups.values()
        for other in groups.values()
        if other.id != group_id and any(_names(rule, group_id) for rule in (*other.ingress_rules, *other.egress_rules))
    ]
    return [*interfaces, *others]


def _names(rule: Any, group_id: str) -> bool:
    sources = [*(getattr(rule, "source_groups", None) or []), getattr(rule, "source_group", None) or {}]
    return any(source.get("GroupId") == group_id for source in sources)


def _violation(message: str) -> Exception:
    from moto.ec2.exceptions import DependencyViolationError

    return DependencyViolationError(message)
