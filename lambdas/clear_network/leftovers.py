"""What SageMaker leaves in a network for a while, or for good: its interfaces and a domain's own security groups.

CloudFormation deletes neither, and a network that contains them cannot be deleted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from lambdas.clear_network.waiting import until_none
from lambdas.common import bounded

NFS_GROUP = re.compile(r"security-group-for-(inbound|outbound)-nfs-d-[a-z0-9]+")
"""Made with every domain; the two refer to each other, so that neither can be deleted first."""

GONE, IN_USE = "InvalidNetworkInterfaceID.NotFound", ("InvalidNetworkInterface.InUse", "InvalidParameterValue")
"""EC2's codes for an interface that does not exist, and for one that is attached."""


def remove(ec2: Any, vpc: str, security_groups: Sequence[str]) -> None:
    """Wait for SageMaker's interfaces in `security_groups`, then delete the domains' groups of a network of our own."""
    nfs = [group for group in _groups(ec2, vpc) if NFS_GROUP.fullmatch(group["GroupName"])]
    remove_interfaces(ec2, vpc, [*security_groups, *(group["GroupId"] for group in nfs)])
    _delete(ec2, nfs)


def remove_interfaces(ec2: Any, vpc: str, security_groups: Sequence[str]) -> None:
    """Delete the detached interfaces in `security_groups` and wait until none is left. Raises TimeoutError."""
    until_none(lambda: _interfaces(ec2, vpc, security_groups), "the network interfaces")


def remove_groups_of(ec2: Any, vpc: str, domain: str) -> None:
    """Delete the groups of one deleted domain in a network of somebody else, and those of no other."""
    nfs = [
        group
        for group in _groups(ec2, vpc)
        if NFS_GROUP.fullmatch(group["GroupName"]) and group["GroupName"].endswith(f"-nfs-{domain}")
    ]
    if nfs:
        remove_interfaces(ec2, vpc, [group["GroupId"] for group in nfs])
    _delete(ec2, nfs)


def _interfaces(ec2: Any, vpc: str, groups: Sequence[str]) -> list[str]:
    """Those that are still attached; the others are deleted here."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-id", "Values": list(groups)}]
    pages = ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters)
    attached = []
    found = (item for page in pages for item in page["NetworkInterfaces"])
    for interface in list(bounded.items(found, "network interfaces")):
        name = interface["NetworkInterfaceId"]
        if interface["Status"] != "available" or not _deleted(ec2, name):
            attached.append(name)
    return attached


def _deleted(ec2: Any, interface: str) -> bool:
    """SageMaker deletes its interfaces too, at its own time: one may be gone already, or still be detaching."""
    try:
        ec2.delete_network_interface(NetworkInterfaceId=interface)
    except ClientError as error:
        code = service_errors.code(error.response)
        if code not in (GONE, *IN_USE):
            raise
        return code == GONE
    return True


def _groups(ec2: Any, vpc: str) -> list[dict[str, Any]]:
    pages = ec2.get_paginator("describe_security_groups").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return list(bounded.items((group for page in pages for group in page["SecurityGroups"]), "security groups"))


def _delete(ec2: Any, groups: Sequence[dict[str, Any]]) -> None:
    """Their rules first: they refer to each other."""
    for group in groups:
        _revoke(ec2, group)
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])


def _revoke(ec2: Any, group: dict[str, Any]) -> None:
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
