"""What a role needs besides the permission that is thought of first: the key of a bucket, the trust of a service."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, each
from checks.policies import Statement, statements

ROLE, BUCKET, RULE = "AWS::IAM::Role", "AWS::S3::Bucket", "AWS::Events::Rule"
NEEDED = {"s3:GetObject": {"kms:Decrypt"}, "s3:PutObject": {"kms:GenerateDataKey"}}
"""What S3 asks of the key in the caller's name when an encrypted object is read or written."""
MACHINE_START = "states:StartExecution"


def granted(role: Resource, assembly: Assembly) -> list[Statement]:
    """The Allow statements of a role's own and attached policies."""
    documents = [policy["PolicyDocument"] for policy in as_list(role.get("Policies"))] + [
        policy.get("PolicyDocument")
        for policy in assembly.of("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        if any(role.points_at(value) for value in as_list(policy.get("Roles")))
    ]
    return [item for document in documents for item in statements(document) if item.allows]


def without_key(assembly: Assembly) -> Iterator[str]:
    """Roles that may read or write objects of an encrypted bucket, and not use its key for that."""
    for role in assembly.of(ROLE):
        allowed = granted(role, assembly)
        for bucket in assembly.of(BUCKET):
            key = _key(bucket, assembly)
            wanted = {name for item in allowed if _of_bucket(item, bucket) for name in _key_actions(item)}
            if key and not all(may(allowed, name, f"${{{key.label}.Arn}}") for name in wanted):
                yield role.label
                break


def may(allowed: list[Statement], action: str, resource: str) -> bool:
    """Whether one of the statements allows the action on the resource, whatever its conditions."""
    return any(
        any(fnmatch.fnmatchcase(action, pattern) for pattern in item.actions)
        and any(_covers(pattern, resource) for pattern in item.resources)
        for item in allowed
    )


def starts_its_target(rule: Resource, assembly: Assembly) -> bool:
    """The role of each target is one that events can take on, and that may start the state machine."""
    for target in as_list(rule.get("Targets")):
        machine = assembly.at(target.get("Arn"), "AWS::StepFunctions::StateMachine")
        if machine is None:
            continue
        role = assembly.at(target.get("RoleArn"), ROLE)
        if role is None or not _trusts(role, "events.amazonaws.com"):
            return False
        if not may(granted(role, assembly), MACHINE_START, str(target["Arn"])):
            return False
    return True


def _trusts(role: Resource, service: str) -> bool:
    trust = statements(role.get("AssumeRolePolicyDocument"))
    return any(item.allows and "sts:AssumeRole" in item.actions and service in item.services for item in trust)


def _key(bucket: Resource, assembly: Assembly) -> Resource | None:
    rules = as_list(bucket.get("BucketEncryption.ServerSideEncryptionConfiguration"))
    ids = [rule.get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for rule in rules]
    return next((key for key in (assembly.at(value, "AWS::KMS::Key") for value in ids) if key), None)


def _of_bucket(statement: Statement, bucket: Resource) -> bool:
    return any(
        name.startswith((f"${{{bucket.label}.Arn}}", f"arn:${{AWS::Partition}}:s3:::{bucket.ref}"))
        for name in statement.resources
    )


def _key_actions(statement: Statement) -> set[str]:
    found = [
        needed for action, needed in NEEDED.items() if any(fnmatch.fnmatchcase(action, p) for p in statement.actions)
    ]
    return set().union(*found)


def _covers(pattern: str, resource: str) -> bool:
    return pattern == "*" or fnmatch.fnmatchcase(resource, pattern.replace("[", "[[]"))


CONTROLS = (
    Control("iam.key", "be allowed to use the key of the encrypted objects that it reads or writes", without_key),
    each(
        "rule.starts",
        "start its state machine with a role that events can take on and that may",
        RULE,
        starts_its_target,
    ),
)
