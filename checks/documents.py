"""Where the templates have policy documents, and their statements as IAM reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.assembly import Assembly, Resource, as_list, once

ROLE = "AWS::IAM::Role"
IDENTITY = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of resource policy: the controls' name for it, and the property that has its document."""

    name: str
    member: str


RESOURCE_POLICIES: dict[str, Kind] = {
    ROLE: Kind("role", "AssumeRolePolicyDocument"),
    "AWS::ECR::RegistryPolicy": Kind("image", "PolicyText"),
    "AWS::ECR::Repository": Kind("image", "RepositoryPolicyText"),
    "AWS::KMS::Key": Kind("key", "KeyPolicy"),
    "AWS::Logs::Destination": Kind("log", "DestinationPolicy"),
    "AWS::Logs::LogGroup": Kind("log", "ResourcePolicyDocument"),
    "AWS::Logs::ResourcePolicy": Kind("log", "PolicyDocument"),
    "AWS::S3::BucketPolicy": Kind("bucket", "PolicyDocument"),
    "AWS::SNS::TopicInlinePolicy": Kind("topic", "PolicyDocument"),
    "AWS::SNS::TopicPolicy": Kind("topic", "PolicyDocument"),
    "AWS::SQS::QueueInlinePolicy": Kind("queue", "PolicyDocument"),
    "AWS::SQS::QueuePolicy": Kind("queue", "PolicyDocument"),
    "AWS::SageMaker::ModelPackageGroup": Kind("registry", "ModelPackageGroupPolicy"),
}
PERMISSION = "AWS::Lambda::Permission"


class UnreadableError(ValueError):
    """A document of which the template does not say what it allows."""


def statements(document: Any) -> list[Statement]:
    """Raises UnreadableError where a document or a statement is not written out."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            raise UnreadableError("its document is not JSON") from None
    if not document:
        return []
    found = as_list(document.get("Statement"))
    complete = all(isinstance(item, dict) and item.get("Effect") in ("Allow", "Deny") for item in found)
    if not complete or not _written_out(document):
        raise UnreadableError("its document is known only when it is deployed: write it out")
    return found


def _written_out(value: Any) -> bool:
    """Whether no value at any depth is an intrinsic function."""
    if isinstance(value, dict):
        return not any(str(key).startswith("Fn::") for key in value) and all(map(_written_out, value.values()))
    return all(map(_written_out, value)) if isinstance(value, list) else True


def resource_statements(resource: Resource) -> list[Statement]:
    """The statements of a resource policy, and of a Lambda permission as if it were one."""
    if resource.kind == PERMISSION:
        return [_permission(resource)]
    return statements(resource.get(RESOURCE_POLICIES[resource.kind].member))


def _permission(resource: Resource) -> Statement:
    named = str(resource.get("Principal", "*"))
    service = "." in named and not named.startswith(("arn:", "${"))
    conditions: dict[str, dict[str, Any]] = {}
    for operator, key, member in _PERMISSION_CONDITIONS:
        if (value := resource.get(member)) is not None:
            conditions.setdefault(operator, {})[key] = value
    return {
        "Effect": "Allow",
        "Principal": {"Service": named} if service else {"AWS": named},
        "Action": resource.get("Action"),
        "Resource": resource.get("FunctionName"),
        "Condition": conditions,
    }


_PERMISSION_CONDITIONS = (
    ("StringEquals", "aws:SourceAccount", "SourceAccount"),
    ("ArnLike", "aws:SourceArn", "SourceArn"),
    ("StringEquals", "aws:PrincipalOrgID", "PrincipalOrgID"),
    ("StringEquals", "lambda:EventSourceToken", "EventSourceToken"),
    ("StringEquals", "lambda:FunctionUrlAuthType", "FunctionUrlAuthType"),
)


def identity_statements(assembly: Assembly) -> Iterator[tuple[Resource, Statement]]:
    """(policy or role, statement) of every statement that gives a role of ours something.

    Also of resource policies that name one of our roles: it makes no difference where it is written.
    """
    for resource in assembly.of(*IDENTITY):
        yield from ((resource, item) for item in readable(resource.get("PolicyDocument")))
    for role in assembly.of(ROLE):
        for policy in as_list(role.get("Policies")):
            yield from ((role, item) for item in readable(dict(policy).get("PolicyDocument")))
    for resource in assembly.of(*RESOURCE_POLICIES):
        if resource.kind != ROLE:
            member = RESOURCE_POLICIES[resource.kind].member
            items = (item for item in readable(resource.get(member)) if own_roles(item, assembly))
            yield from ((resource, _of_itself(item, resource)) for item in items)


@once
def of_role(role: Resource, assembly: Assembly) -> list[Statement]:
    """The Allow statements of a role, wherever they are written."""
    inline = [dict(policy).get("PolicyDocument") for policy in as_list(role.get("Policies"))]
    attached = [
        policy.get("PolicyDocument")
        for policy in assembly.of(*IDENTITY)
        if any(role.points_at(value) for value in (*as_list(policy.get("Roles")), policy.get("RoleName")))
        or any(policy.points_at(value) for value in as_list(role.get("ManagedPolicyArns")))
    ]
    named = [
        item
        for resource in assembly.of(*RESOURCE_POLICIES)
        if resource.kind != ROLE
        for item in readable(resource.get(RESOURCE_POLICIES[resource.kind].member))
        if role in own_roles(item, assembly)
    ]
    documents = [item for document in (*inline, *attached) for item in readable(document)]
    return [item for item in (*documents, *named) if item["Effect"] == "Allow"]


def _of_itself(statement: Statement, resource: Resource) -> Statement:
    """In a key's policy `*` is this key."""
    return {**statement, "Resource": f"${{{resource.label}.Arn}}"} if resource.kind == "AWS::KMS::Key" else statement


def own_roles(statement: Statement, assembly: Assembly) -> list[Resource]:
    """The roles of ours that a resource policy's statement names."""
    principal = statement.get("Principal", {})
    named = as_list(principal.get("AWS")) if isinstance(principal, dict) else []
    return [role for value in named if (role := assembly.at(value, ROLE))]


def readable(document: Any) -> list[Statement]:
    """The statements, or none where they cannot be read, which is a finding of its own."""
    try:
        return statements(document)
    except UnreadableError:
        return []
