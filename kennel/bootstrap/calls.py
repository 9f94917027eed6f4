"""The words of the tables: what CloudFormation calls for a type, and on what."""

from __future__ import annotations

from dataclasses import dataclass

Condition = tuple[str, str, tuple[str, ...]]
"""Operator, key, values."""
ANY = ("*",)
"""IAM has no resource for the action, or a list is asked for."""


@dataclass(frozen=True)
class Calls:
    """Actions of a service on some resources.

    on: ARNs without `arn:PARTITION:`. `{here}` is region and account, `{account}` the account; any other word in braces
    is a name of kennel.bootstrap.names.
    """

    service: str
    actions: str
    on: tuple[str, ...]
    condition: Condition | None = None


def calls(service: str, actions: str, *on: str) -> Calls:
    return Calls(service, actions, on)


def everywhere(service: str, actions: str) -> Calls:
    return Calls(service, actions, ANY)


def ec2(actions: str, *kinds: str) -> Calls:
    """Their ids are random: all of the account and the region."""
    return Calls("ec2", actions, tuple(f"ec2:{{here}}:{kind}/*" for kind in kinds))


def linked_role(principal: str, name: str) -> Calls:
    arn = f"iam::{{account}}:role/aws-service-role/{principal}/{name}"
    return Calls("iam", "CreateServiceLinkedRole", (arn,), ("StringEquals", "iam:AWSServiceName", (principal,)))


TAGS = "TagResource UntagResource ListTagsForResource"
