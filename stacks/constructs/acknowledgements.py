"""Acknowledgements of rule pack findings: one finding, one reason, on the smallest construct that has it."""

from __future__ import annotations

from typing import Any, cast

from aws_cdk import Acknowledgment, CfnResource, Reference, Stack, Token, Tokenization, Validations
from constructs import IConstruct

SOLUTIONS = "AwsSolutions"
NIST = "NIST.800.53.R5"


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_wildcard(principal: IConstruct, resource: str, reason: str) -> None:
    """Acknowledge the `Resource` pattern `resource` in a policy of `principal`."""
    viewer = Stack.of(principal)
    seen = flatten(viewer.resolve(_imported(resource, viewer)))
    acknowledge(principal, f"{SOLUTIONS}-IAM5[Resource::{seen}]", reason)


def _imported(text: str, viewer: Stack) -> str:
    """`text` with references to other stacks as imports, as they will be in the template of `viewer`."""
    for token in Tokenization.reverse_string(text).tokens:
        if Reference.is_reference(token):
            home = Stack.of(cast(Reference, token).target)
            if home is not viewer:
                value = Token.as_string(token)
                text = text.replace(value, home.export_value(value))
    return text


def acknowledge_checkov(construct: IConstruct, **reasons: str) -> None:
    """Acknowledge findings of checkov, which sees only the template: `CKV_AWS_18="reason"`."""
    resource = cast(CfnResource, construct.node.default_child)
    resource.add_metadata("checkov", {"skip": [{"id": id, "comment": reason} for id, reason in reasons.items()]})


def flatten(value: Any) -> str:
    """A resolved CloudFormation value in the notation of the rule packs: `<Bucket.Arn>`."""
    if isinstance(value, str):
        return value.replace("${", "<").replace("}", ">")
    if "Fn::Join" in value:
        delimiter, items = value["Fn::Join"]
        return str(delimiter).join(flatten(item) for item in items)
    if "Fn::GetAtt" in value:
        return "<" + ".".join(flatten(item) for item in value["Fn::GetAtt"]) + ">"
    for function in ("Fn::ImportValue", "Fn::Sub"):
        if function in value:
            return flatten(value[function])
    return f"<{flatten(value['Ref'])}>"
