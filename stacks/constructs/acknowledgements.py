"""Acknowledging a rule pack's finding: one finding, one reason, on the smallest construct that has it."""

from __future__ import annotations

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_wildcard(
    principal: IConstruct, arn: str, suffix: str, reason: str, *, owner: IConstruct | None = None
) -> None:
    """Acknowledge the resource `arn + suffix` in a policy of `principal`.

    `owner` is the construct that `arn` belongs to, where that may live in another stack.
    """
    viewer = Stack.of(principal)
    home = Stack.of(owner) if owner is not None else viewer
    value = viewer.resolve(arn if home is viewer else home.export_value(arn))
    acknowledge(principal, f"AwsSolutions-IAM5[Resource::{flatten(value)}{suffix}]", reason)


def flatten(value: Any) -> str:
    """A resolved CloudFormation value as the rule packs spell it in a finding: `<Bucket.Arn>`."""
    if isinstance(value, str):
        return value.replace("${", "<").replace("}", ">")
    if "Fn::Join" in value:
        delimiter, items = value["Fn::Join"]
        return delimiter.join(flatten(item) for item in items)
    if "Fn::GetAtt" in value:
        return "<" + ".".join(flatten(item) for item in value["Fn::GetAtt"]) + ">"
    for function in ("Fn::ImportValue", "Fn::Sub"):
        if function in value:
            return flatten(value[function])
    return f"<{flatten(value['Ref'])}>"
