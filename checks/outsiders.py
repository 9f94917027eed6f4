"""Who must get nothing from a policy, and what AWS would tell of each of them in a request.

A condition restricts an outsider only through a key that AWS sets and that says something of this account. Whatever a
caller chooses (its user agent, its address, a header) restricts nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from checks.assembly import Assembly, as_list
from checks.ownership import ARN_PARTS, FOREIGN_ACCOUNT, OURS, canonical
from localcloud.iam_policy.conditions import ANYTHING, Given, holds, operators
from localcloud.iam_policy.globs import WILDCARD

Kind = Literal["anyone", "foreign", "colleague", "service"]

_PRINCIPAL = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "kms:calleraccount",
    "aws:principaltype",
    "aws:userid",
    "aws:username",
)
_SOURCE = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "lambda:sourcefunctionarn")
_LOGS = "kms:encryptioncontext:aws:logs:arn"
ACCOUNT_KEYS = {
    "aws:principalaccount",
    "aws:sourceaccount",
    "kms:calleraccount",
    "aws:resourceaccount",
    "s3:resourceaccount",
}
ARN_KEYS = {"aws:principalarn", "aws:sourcearn", "lambda:sourcefunctionarn", _LOGS}
_ARNS = (f"arn:*:*:*:{FOREIGN_ACCOUNT}:*", "arn:*:s3:::*")
"""What the resources of another account are called: S3's ARNs have no account."""
_VARIABLE = re.compile(r"\$\{(?!AWS::)[a-z0-9-]+:[^}]*\}")


def _absent(*keys: str) -> dict[str, Given]:
    return dict.fromkeys(keys)


@dataclass(frozen=True)
class Outsider:
    """`context`: what AWS sets, by key in lower case; keys that are not in it are the caller's choice."""

    name: str
    kind: Kind
    context: Mapping[str, Given] = field(default_factory=dict)

    def given(self, key: str) -> Given:
        key = key.lower()
        if key in ("aws:resourceaccount", "s3:resourceaccount"):
            return [OURS]
        if key in ("aws:sourcevpc", "aws:sourcevpce"):
            return ["vpc*"] if self.kind != "service" else None
        return self.context.get(key, ANYTHING)


ANONYMOUS = Outsider(
    "anybody without credentials", "anyone", {**_absent(*_PRINCIPAL, *_SOURCE), "aws:principalisawsservice": ["false"]}
)
FOREIGN = Outsider(
    "a role of another account",
    "foreign",
    {
        **_absent(*_SOURCE),
        "aws:principalaccount": [FOREIGN_ACCOUNT],
        "kms:calleraccount": [FOREIGN_ACCOUNT],
        "aws:principalarn": [f"arn:*:iam::{FOREIGN_ACCOUNT}:*"],
        "aws:principalorgid": ["o-*"],
        "aws:principalorgpaths": ["o-*"],
        "aws:principalisawsservice": ["false"],
    },
)
UNORGANIZED = Outsider(
    "a role of an account outside every organization",
    "foreign",
    {**FOREIGN.context, **_absent("aws:principalorgid", "aws:principalorgpaths")},
)
COLLEAGUE = Outsider(
    "any other role of this account",
    "colleague",
    {
        **FOREIGN.context,
        "aws:principalaccount": [OURS],
        "kms:calleraccount": [OURS],
        "aws:principalarn": [f"arn:*:iam::{OURS}:role/other-*"],
    },
)
_AS_SERVICE: dict[str, Given] = {**_absent(*_PRINCIPAL), "aws:principalisawsservice": ["true"]}
DEPUTY = Outsider(
    "the service on behalf of another account",
    "service",
    {
        **_AS_SERVICE,
        "aws:sourceaccount": [FOREIGN_ACCOUNT],
        "aws:sourcearn": _ARNS,
        "lambda:sourcefunctionarn": _ARNS,
        _LOGS: _ARNS,
        "aws:sourceorgid": ["o-*"],
        "aws:sourceorgpaths": ["o-*"],
    },
)
SILENT = Outsider("the service without a word of its source", "service", {**_AS_SERVICE, **_absent(*_SOURCE, _LOGS)})
OUTSIDERS = (ANONYMOUS, FOREIGN, UNORGANIZED, COLLEAGUE, DEPUTY, SILENT)


def admitted(statements: list[Mapping[str, Any]], assembly: Assembly) -> Iterator[tuple[Mapping[str, Any], Outsider]]:
    """(Allow statement, outsider) for each outsider that the statement lets in and no Deny surely keeps out."""
    denies = [item for item in statements if item.get("Effect") == "Deny"]
    for item in statements:
        for outsider in OUTSIDERS:
            allows = item.get("Effect") == "Allow" and reaches(item, outsider, assembly)
            if allows and not any(_denied(deny, item, outsider, assembly) for deny in denies):
                yield item, outsider


def reaches(statement: Mapping[str, Any], outsider: Outsider, assembly: Assembly, *, surely: bool = False) -> bool:
    """Whether the statement's principal and conditions may fit the outsider, or `surely` do."""
    return _names(statement, outsider, assembly) and all(
        _met(operator, key, expected, outsider, assembly, surely=surely)
        for operator, key, expected in operators(statement)
    )


def services(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return [str(name) for name in as_list(principal.get("Service"))] if isinstance(principal, dict) else []


def _denied(deny: Mapping[str, Any], allow: Mapping[str, Any], outsider: Outsider, assembly: Assembly) -> bool:
    """Only a Deny of the same actions or of all keeps somebody out; which resources it has must be no fewer."""
    wide = {"*", *(action.partition(":")[0] + ":*" for action in as_list(allow.get("Action")))}
    actions, resources = set(as_list(deny.get("Action"))), set(map(str, as_list(deny.get("Resource"))))
    enough = actions & wide or set(as_list(allow.get("Action"))) <= actions
    covered = "*" in resources or set(map(str, as_list(allow.get("Resource")))) <= resources
    return bool(enough) and covered and reaches(deny, outsider, assembly, surely=True)


def _names(statement: Mapping[str, Any], outsider: Outsider, assembly: Assembly) -> bool:
    if "NotPrincipal" in statement:
        return bool(statement["Effect"] == "Allow")
    principal = statement.get("Principal", {})
    if not isinstance(principal, dict):
        return True
    named = [str(value) for value in as_list(principal.get("AWS"))]
    if outsider.kind == "service":
        return bool(principal.get("Service")) or "*" in named
    if outsider.kind == "foreign" and (principal.get("Federated") or principal.get("CanonicalUser")):
        return True
    stranger = {"foreign": _foreign, "colleague": _colleague}.get(outsider.kind)
    return "*" in named or (stranger is not None and any(stranger(value, assembly) for value in named))


def _foreign(principal: str, assembly: Assembly) -> bool:
    """Whether a principal is not known to be of this account: also a parameter, and what is imported from elsewhere."""
    text = canonical(principal, assembly)
    return assembly.at(principal, "AWS::IAM::Role") is None and text != OURS and f"::{OURS}:" not in text


def _colleague(principal: str, assembly: Assembly) -> bool:
    """Whether a principal is of this account and not of these templates. The account itself gives nobody anything."""
    text = canonical(principal, assembly)
    return f"::{OURS}:" in text and not text.endswith(":root") and assembly.at(principal, "AWS::IAM::Role") is None


def _met(operator: str, key: str, expected: list[str], outsider: Outsider, assembly: Assembly, *, surely: bool) -> bool:
    values, lower = [_VARIABLE.sub("*", canonical(text, assembly)) for text in expected], key.lower()
    if _VARIABLE.search("".join(expected)):
        operator = operator.replace("Equals", "Like") if "String" in operator else operator
    if lower in ACCOUNT_KEYS:
        values = ["*" if WILDCARD.search(text) and OURS not in text else text for text in values]
    if lower in ARN_KEYS:
        values = [_arn(text, assembly) for text in values]
        if all(text.count(":") >= ARN_PARTS - 1 for text in values):
            operator = re.sub(r"String(Not)?(Equals|Like)(IgnoreCase)?", r"Arn\1Like", operator)
    return holds(operator, values, outsider.given(lower), surely=surely)


def _arn(text: str, assembly: Assembly) -> str:
    """An ARN in which an account that is partly known is any account; one of a bucket of ours is marked as ours."""
    parts = text.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        return text
    if parts[2] == "s3" and assembly.at(parts[5], "AWS::S3::Bucket"):
        return f"ours:{text}"
    if WILDCARD.search(parts[4]) and OURS not in parts[4]:
        parts[4] = "*"
    return ":".join(parts)
