"""Whether the subnets and security groups of a request exist and belong together.

How SageMaker words it was never seen; here it is in the words with which EC2 refuses the interface.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.context import Cloud
from localcloud.sagemaker.api.validation import validation_error


@dataclass(frozen=True)
class Placement:
    """One VpcConfig, or what a domain has in its place."""

    subnets: Sequence[str]
    groups: Sequence[str]
    vpc: str | None = None


class Placements:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def check(self, operation: str, request: Mapping[str, Any]) -> None:
        """Raise ValidationException if a job, model or domain would be made where it cannot be."""
        if not operation.startswith("Create"):
            return
        for placement in _in_request(operation, request):
            self._check(placement)

    def _check(self, placement: Placement) -> None:
        ec2: Any = self._cloud.client("ec2")
        subnets = [
            _the_one(
                ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": [name]}])["Subnets"], "subnet ID", name
            )
            for name in placement.subnets
        ]
        groups = [
            _the_one(
                ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": [name]}])["SecurityGroups"],
                "security group",
                name,
            )
            for name in placement.groups
        ]
        vpc = placement.vpc or (subnets[0]["VpcId"] if subnets else None)
        for subnet in subnets:
            if subnet["VpcId"] != vpc:
                raise validation_error(f"Subnet {subnet['SubnetId']} and VPC {vpc} belong to different networks.")
        for group in groups:
            if subnets and group["VpcId"] != vpc:
                names = f"Security group {group['GroupId']} and subnet {subnets[0]['SubnetId']}"
                raise validation_error(f"{names} belong to different networks.")


def _the_one(found: list[dict[str, Any]], what: str, name: str) -> dict[str, Any]:
    if not found:
        raise validation_error(f"The {what} '{name}' does not exist")
    return found[0]


def _in_request(operation: str, request: Mapping[str, Any]) -> Iterator[Placement]:
    if operation == "CreateDomain":
        groups = request.get("DefaultUserSettings", {}).get("SecurityGroups", ())
        yield Placement(request.get("SubnetIds", ()), groups, request.get("VpcId"))
    for config in _vpc_configs(request):
        yield Placement(config.get("Subnets", ()), config.get("SecurityGroupIds", ()))


def _vpc_configs(value: Any) -> Iterator[Mapping[str, Any]]:
    """At any depth: a tuning job has one per kind of trial, a processing job in its NetworkConfig."""
    if isinstance(value, list):
        for item in value:
            yield from _vpc_configs(item)
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "VpcConfig" and isinstance(item, dict):
                yield item
            else:
                yield from _vpc_configs(item)
