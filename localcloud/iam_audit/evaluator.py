"""Would AWS have allowed it? Compares the calls that roles made with the policies that they have in this cloud.

Checked: actions, resources where a request names them, and the usual condition operators on context keys that are known
for a call. An Allow with an unknown key counts as allowing, a Deny with one as not denying. Not checked: resource
policies (of buckets, keys and so on), permissions boundaries and organizations.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Required, TypeAlias, TypedDict, TypeVar
from urllib.parse import unquote

from botocore.client import BaseClient

from localcloud.errors import not_emulated
from localcloud.iam_audit.recorder import PATH
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
    for name in {operator for statement in statements for operator, _, _ in conditions(statement)}:
        if _positive(name) not in _TESTS:
            raise not_emulated("iam", f"SimulateCustomPolicy with the condition operator {name}")
    effects = {s["Effect"] for s in statements if _applies(s, call, unknown=None)}
    return "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"


def conditions(statement: Statement) -> Iterator[tuple[str, str, list[str | bool]]]:
    """(operator, key, expected values) of each condition."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, expected in keys.items():
            yield operator, key, list_of(expected)


def _applies(statement: Statement, call: Call, *, unknown: bool | None) -> bool:
    return (
        _covers(statement.get("Action"), statement.get("NotAction"), call.action, _matches_action)
        and (
            call.resource is None
            or _covers(statement.get("Resource"), statement.get("NotResource"), call.resource, _matches)
        )
        and all(
            _holds(operator, key, expected, call.context, unknown=unknown)
            for operator, key, expected in conditions(statement)
        )
    )


def _covers(
    included: OneOrMore[str] | None,
    excluded: OneOrMore[str] | None,
    value: str,
    matches: Callable[[str, str], bool],
) -> bool:
    """Whether `value` is in Action (Resource), or not in NotAction (NotResource); True if there is neither."""
    if included is not None:
        return any(matches(value, pattern) for pattern in list_of(included))
    return excluded is None or not any(matches(value, pattern) for pattern in list_of(excluded))


def _matches_action(value: str, pattern: str) -> bool:
    return _matches(value.lower(), pattern.lower())


def _matches(value: str, pattern: str) -> bool:
    # IAM has only * and ?; a policy variable counts as *.
    pattern = re.sub(r"\$\{[^}]*\}", "*", pattern).replace("[", "[[]")
    return fnmatch.fnmatchcase(value, pattern)


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, expected: value == expected,
    "StringEqualsIgnoreCase": lambda value, expected: value.lower() == expected.lower(),
    "StringLike": _matches,
    "ArnEquals": _matches,
    "ArnLike": _matches,
    "Bool": lambda value, expected: value.lower() == str(expected).lower(),
}
_NEGATIONS = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotLike": "ArnLike"}


def _plain(operator: str) -> str:
    """`StringLike` of `ForAnyValue:StringLikeIfExists`."""
    return operator.rpartition(":")[2].removesuffix("IfExists")


def _positive(operator: str) -> str:
    """`StringLike` of `StringNotLike` too."""
    name = _plain(operator)
    return _NEGATIONS.get(name, name)


_ALWAYS = {"aws:SecureTransport": "true"}  # a call to AWS would use TLS


def _holds(
    operator: str, key: str, expected: Iterable[str | bool], context: Mapping[str, str], *, unknown: bool | None
) -> bool:
    """Whether a condition is met; `unknown` where key or operator is unknown; None: the key is absent."""
    always = {} if unknown is None else _ALWAYS
    known = {name.lower(): value for name, value in {**always, **context}.items()}
    name, positive = _plain(operator), _positive(operator)
    if key.lower() not in known or positive not in _TESTS:
        absent = operator.endswith("IfExists") or positive != name
        return absent if unknown is None else unknown
    met = any(_TESTS[positive](known[key.lower()], str(each)) for each in expected)
    return met if positive == name else not met


def list_of(value: OneOrMore[T]) -> list[T]:
    """`value` as a list."""
    return value if isinstance(value, list) else [value]
