"""Trust policies: moto checks their grammar on update only, and never looks at the principals."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from localcloud.errors import AwsError

# "AWS JSON policy elements: Principal", IAM User Guide.
_PRINCIPALS = {
    "AWS": re.compile(r"\*|\d{12}|A[A-Z0-9]{15,}|arn:aws[-a-z]*:(iam|sts)::\d{12}:.+"),
    "Service": re.compile(r"[-a-z0-9.]+\.(amazonaws\.com|amazonaws\.com\.cn|amazon\.com|api\.aws|internal)"),
    "Federated": re.compile(r".+"),
    "CanonicalUser": re.compile(r"[0-9a-f]{64}"),
}

_PERSON = re.compile(r"arn:aws[-a-z]*:iam::(?P<account>\d{12}):(?P<kind>role|user)/.+")


def check_trust_policy(document: str) -> None:
    """AwsError MalformedPolicyDocument for what IAM refuses as a role's trust policy."""
    from moto.iam.exceptions import MalformedPolicyDocument
    from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

    try:
        # The default of Version is 2008-10-17, which IAM takes and moto does not.
        policy = json.loads(document)
        versioned = {**policy, "Version": "2012-10-17"} if _has_known_version(policy) else policy
        IAMTrustPolicyDocumentValidator(json.dumps(versioned)).validate()
    except ValueError:
        raise _malformed("This policy contains invalid Json") from None
    except MalformedPolicyDocument as error:
        raise _malformed(str(error.message)) from None
    statements = policy["Statement"]
    for statement in [statements] if isinstance(statements, dict) else statements:
        _check_principals(statement)


def _has_known_version(policy: Any) -> bool:
    return isinstance(policy, dict) and policy.get("Version", "2008-10-17") in ("2008-10-17", "2012-10-17")


def _check_principals(statement: Mapping[str, Any]) -> None:
    if "NotPrincipal" in statement:
        raise _malformed("AssumeRole policy may only specify Principal")
    principal = statement.get("Principal")
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise _malformed("Missing required field Principal" if not principal else "Syntax errors in policy.")
    for kind, given in principal.items():
        values = given if isinstance(given, list) else [given]
        if kind not in _PRINCIPALS or not values:
            raise _malformed("Syntax errors in policy.")
        for value in values:
            if not isinstance(value, str) or not _PRINCIPALS[kind].fullmatch(value) or _is_nobody(value):
                raise _malformed(f'Invalid principal in policy: "{kind.upper()}":"{value}"')


def _is_nobody(principal: str) -> bool:
    """Whether it is a role or user of an account of this cloud that does not exist: IAM keeps its id, not its name."""
    from moto.iam.models import iam_backends

    match = _PERSON.fullmatch(principal)
    if match is None or match["account"] not in iam_backends:
        return False
    backend = iam_backends[match["account"]]["aws"]
    held = backend.roles if match["kind"] == "role" else backend.users
    return principal not in {item.arn for item in held.values()}


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", message)
