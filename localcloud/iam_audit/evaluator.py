"""Would AWS have allowed it? Compares the calls that roles made with the policies that they have in this cloud.

Checked: actions, resources where a request names them, and the usual condition operators on context keys that are known
for a call. An Allow with an unknown key counts as allowing, a Deny with one as not denying. Not checked: resource
policies (of buckets, keys and so on), permissions boundaries and organizations.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Required, TypeAlias, TypedDict, TypeVar
from urllib.parse import unquote

from botocore.client import BaseClient

from localcloud.errors import not_emulated
from localcloud.iam_audit.recorder import PATH
from localcloud.iam_policy.conditions import ANYTHING, holds, known, operators
from localcloud.iam_policy.statements import covers_action, covers_resource, with_any_variable
from localcloud.orders import ask

T = TypeVar("T")
OneOrMore: TypeAlias = T | list[T]


class Statement(TypedDict, total=False):
    """A statement of a policy. Condition: operator -> key -> expected values."""

    Effect: Required[Literal["Allow", "Deny"]]
    Action: OneOrMore[str]
    NotAction: OneOrMore[str]
    Resource: OneOrMore[str]
    NotResource: OneOrMore[str]
    Condition: dict[str, dict[str, OneOrMore[str | bool]]]


class Policy(TypedDict):
    """A policy document."""

    Statement: OneOrMore[Statement]


@dataclass(frozen=True)
class Call:
    """A permission that a role needed, `count` times. resource: None where the request does not name one."""

    role: str
    action: str
    resource: str | None
    context: Mapping[str, str]
    count: int = 1


def calls(client: Callable[[str], BaseClient]) -> list[Call]:
    """Every permission that roles have needed in a running cloud.

    client: service name -> boto3 client of it, for example `local_cloud.cloud.client`.
    """
    return [Call(**each) for each in ask(client, PATH)]


def denied_calls(client: Callable[[str], BaseClient]) -> list[Call]:
    """The calls that the roles' policies do not allow; a role that does not exist allows nothing."""
    made = calls(client)
    statements = {role: role_statements(client("iam"), role) for role in {call.role for call in made}}
    return [call for call in made if not is_allowed(call, statements[call.role])]


def role_statements(iam: BaseClient, role: str) -> list[Statement]:
    """All statements of a role's inline and attached policies; none for a role that does not exist."""
    name = role.rpartition("/")[2]
    try:
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    except iam.exceptions.NoSuchEntityException:
        return []
    documents = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline]
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    return [statement for document in documents for statement in list_of(_parsed(document)["Statement"])]


def _parsed(document: Policy | str) -> Policy:
    policy: Policy = json.loads(unquote(document)) if isinstance(document, str) else document
    return policy


def is_allowed(call: Call, statements: Iterable[Statement]) -> bool:
    """Whether some statement allows the call and none denies it."""
    effects = {s["Effect"] for s in statements if _applies(s, call, unknown=s["Effect"] == "Allow")}
    return "Allow" in effects and "Deny" not in effects


def decision(call: Call, statements: Iterable[Statement]) -> str:
    """The same as IAM's simulator says it, which knows all there is: an absent key meets no condition.

    Raises AwsError for an operator that is not compared here.
    """
    statements = list(statements)
    for name in {operator for statement in statements for operator, _, _ in operators(statement)}:
        if not known(name):
            raise not_emulated("iam", f"SimulateCustomPolicy with the condition operator {name}")
    effects = {s["Effect"] for s in statements if _applies(s, call, unknown=None)}
    return "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"


def _applies(statement: Statement, call: Call, *, unknown: bool | None) -> bool:
    return (
        covers_action(statement, call.action)
        and (call.resource is None or covers_resource(_any_variable(statement), _plain(call.resource)))
        and _meets(statement, call.context, unknown=unknown)
    )


def _any_variable(statement: Statement) -> dict[str, list[str]]:
    """Resource and NotResource; a policy variable counts as *."""
    named = {name: statement[name] for name in ("Resource", "NotResource") if name in statement}
    return {name: [with_any_variable(pattern) for pattern in list_of(value)] for name, value in named.items()}


_ALWAYS = {"aws:SecureTransport": "true"}  # a call to AWS would use TLS


def _meets(statement: Statement, context: Mapping[str, str], *, unknown: bool | None) -> bool:
    """Whether all conditions are met; `unknown` where key or operator is unknown; None: the key is absent."""
    always = {} if unknown is None else _ALWAYS
    given = {name.lower(): [_plain(value)] for name, value in {**always, **context}.items()}
    otherwise = None if unknown is None else ANYTHING
    return all(
        holds(
            operator,
            [with_any_variable(text) for text in expected],
            given.get(key.lower(), otherwise),
            surely=unknown is False,
        )
        for operator, key, expected in operators(statement)
    )


def _plain(text: str) -> str:
    """A wildcard in a request is a plain character, which only a wildcard of the policy fits."""
    return text.replace("*", "\N{ASTERISK OPERATOR}").replace("?", "\N{INVERTED QUESTION MARK}")


def list_of(value: OneOrMore[T]) -> list[T]:
    """`value` as a list."""
    return value if isinstance(value, list) else [value]
