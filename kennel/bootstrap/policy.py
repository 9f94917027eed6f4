"""The needs of environments as managed policies of IAM, in a CloudFormation template that a platform team deploys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from kennel.bootstrap.needs import Statement
from kennel.errors import KennelError

MAX_CHARACTERS = 6_144
"""IAM's limit for a managed policy, without white space."""
MAX_POLICIES = 10
"""IAM's limit of managed policies per role, which an account can have raised."""
MAX_INLINE_BYTES = 51_200
"""CloudFormation's limit for a template that a request carries; a larger one is read from a bucket."""
OUTPUT = "Arns"
_LONGEST = {"Partition": "aws-iso-b", "AccountId": "0" * 12}

Template = dict[str, Any]
Document = dict[str, Any]


def documents(statements: Iterable[Statement]) -> list[Document]:
    """Policy documents of at most 6,144 characters each. Raises KennelError for more than a role can have."""
    found: list[list[Document]] = [[]]
    for statement in (_as_document(part) for whole in statements for part in _fitting(whole)):
        if found[-1] and _length([*found[-1], statement]) > MAX_CHARACTERS:
            found.append([])
        found[-1].append(statement)
    if len(found) > MAX_POLICIES:
        raise KennelError(
            f"these environments need {len(found)} managed policies, and a role has at most {MAX_POLICIES}: make the "
            "policies of fewer environments at a time, and bootstrap once for each, with a --qualifier of its own"
        )
    return [_policy(statements) for statements in found]


def template(name: str, statements: Iterable[Statement]) -> Template:
    """A template of the managed policies `name`-1, `name`-2 ...; its output has their ARNs, with commas between."""
    policies = {f"Policy{number}": item for number, item in enumerate(documents(statements), start=1)}
    return {
        "Description": f"What CloudFormation's execution role needs to deploy {name}: for `cdk bootstrap`",
        "Resources": {
            logical: {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "ManagedPolicyName": f"{name}-{logical.removeprefix('Policy')}",
                    "PolicyDocument": _substituted(document),
                },
            }
            for logical, document in policies.items()
        },
        "Outputs": {OUTPUT: {"Value": {"Fn::Join": [",", [{"Ref": logical} for logical in policies]]}}},
    }


def _fitting(statement: Statement) -> Iterator[Statement]:
    """Statements that allow the same together, each of which fits a policy: of the longer list, half and half."""
    name = max("actions", "resources", key=lambda name: len(getattr(statement, name)))
    values = getattr(statement, name)
    if len(values) == 1 or _length([_as_document(statement)]) <= MAX_CHARACTERS:
        yield statement
        return
    for half in (values[: len(values) // 2], values[len(values) // 2 :]):
        yield from _fitting(replace(statement, **{name: half}))


def _policy(statements: Sequence[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _as_document(statement: Statement) -> Document:
    document: Document = {
        "Effect": "Allow",
        "Action": list(statement.actions),
        "Resource": list(statement.resources),
    }
    if statement.condition:
        operator, key, values = statement.condition
        document["Condition"] = {operator: {key: list(values)}}
    return document


def _length(statements: Sequence[Document]) -> int:
    text = json.dumps(_policy(statements), separators=(",", ":"))
    for name, value in _LONGEST.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    return len(text)


def _substituted(value: Any) -> Any:
    """`value` with `Fn::Sub` where a text has pseudo parameters."""
    if isinstance(value, dict):
        return {key: _substituted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item) for item in value]
    return {"Fn::Sub": value} if "${AWS::" in value else value
