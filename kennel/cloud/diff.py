"""What a deploy would do, in words: what is lost first, then what is replaced, kept, changed and made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from kennel.cloud.assembly import Stack
from kennel.cloud.change_sets import UNKNOWN, Change, Plan, Planner

HASH_DIGITS = 16
HOLDS_DATA = {
    "AWS::ECR::Repository": "its images",
    "AWS::EFS::FileSystem": "its files",
    "AWS::KMS::Key": "everything that it encrypted, once its waiting period is over",
    "AWS::Logs::LogGroup": "its log",
    "AWS::S3::Bucket": "its objects",
    "AWS::SageMaker::Domain": "its spaces",
    "AWS::SageMaker::ModelPackageGroup": "the record of its versions",
    "AWS::SageMaker::UserProfile": "its spaces",
    "AWS::SNS::Topic": "its confirmed subscriptions",
    "AWS::SQS::Queue": "its messages",
}
"""Resource type -> what goes with a deleted resource of it."""


class Severity(IntEnum):
    """In the order in which a reader must see them."""

    LOST = 0
    REPLACED = 1
    UNKNOWN = 2
    DELETED = 3
    KEPT = 4
    CHANGED = 5
    NEW = 6


TITLES = {
    Severity.LOST: "Lost with what it holds",
    Severity.REPLACED: "Replaced by a new resource",
    Severity.UNKNOWN: "Changed, or replaced",
    Severity.DELETED: "Deleted",
    Severity.KEPT: "Taken out of its stack and kept",
    Severity.CHANGED: "Changed in place",
    Severity.NEW: "New",
}


@dataclass(frozen=True)
class Effect:
    """What happens to one resource, in words."""

    severity: Severity
    change: Change
    sentence: str


def effects(plans: Iterable[Plan]) -> list[Effect]:
    """What the plans do, worst first."""
    found = [effect(change) for plan in plans for change in plan.changes]
    return sorted(found, key=lambda item: (item.severity, item.change.stack, item.change.resource))


def effect(change: Change) -> Effect:
    """What one change does to its resource."""
    if change.action == "Remove":
        if change.policy in ("Retain", "Snapshot"):
            return Effect(Severity.KEPT, change, "is left as it is, and no stack manages it any more")
        if lost := HOLDS_DATA.get(change.kind):
            return Effect(Severity.LOST, change, f"is deleted with {lost}")
        return Effect(Severity.DELETED, change, "is deleted")
    if change.action == "Modify" and change.replacement == UNKNOWN:
        return Effect(Severity.UNKNOWN, change, "is changed; whether it is replaced is not known without a change set")
    if change.action == "Modify" and change.replacement != "False":
        return _replacement(change)
    if change.action == "Add":
        return Effect(Severity.NEW, change, "is made")
    return Effect(Severity.CHANGED, change, "is changed in place")


def _replacement(change: Change) -> Effect:
    names = ", ".join(change.because) or "it"
    may = "may be" if change.replacement == "Conditional" else "is"
    why = f"{may} replaced, because {names} changes"
    if change.policy.endswith("Retain") or change.policy.endswith("Snapshot"):
        return Effect(Severity.REPLACED, change, f"{why}; the old one is kept, and no stack manages it any more")
    if lost := HOLDS_DATA.get(change.kind):
        return Effect(Severity.LOST, change, f"{why}; the old one is deleted with {lost}")
    return Effect(Severity.REPLACED, change, f"{why}; the old one is deleted")


def fingerprint(planner: Planner, stacks: Sequence[Stack]) -> str:
    """The hash of a diff: of what is deployed and of what would be. Whoever reviewed one hands it to the deploy."""
    pairs = [[stack.name, planner.deployed_template(stack), stack.template] for stack in stacks]
    text = json.dumps(pairs, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]
