"""iam:SimulateCustomPolicy: what IAM's simulator decides, and what is refused."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

BUCKET = "arn:aws:s3:::data"


def decide(statements, action, resource=BUCKET, **context):
    entries = [
        {"ContextKeyName": key.replace("__", ":"), "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in context.items()
    ]
    answer = boto3.client("iam").simulate_custom_policy(
        PolicyInputList=[json.dumps({"Version": "2012-10-17", "Statement": statements})],
        ActionNames=[action],
        ResourceArns=[resource],
        ContextEntries=entries,
    )
    (result,) = answer["EvaluationResults"]
    return result["EvalDecision"], result["MissingContextValues"]


def allow(*actions, resource=BUCKET, effect="Allow", **more):
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **more}


LISTED = {"Condition": {"StringLike": {"s3:prefix": ["datasets/*"]}}}


@pytest.mark.parametrize(
    ("statements", "context", "decision", "missing"),
    [
        ([allow("s3:ListBucket")], {}, "allowed", []),
        ([allow("s3:Get*")], {}, "implicitDeny", []),
        ([allow("s3:ListBucket", resource="arn:aws:s3:::other")], {}, "implicitDeny", []),
        ([allow("s3:ListBucket", **LISTED)], {"s3__prefix": "datasets/a"}, "allowed", []),
        ([allow("s3:ListBucket", **LISTED)], {"s3__prefix": "runs/a"}, "implicitDeny", []),
        # What the simulator is not told is absent, and meets no condition.
        ([allow("s3:ListBucket", **LISTED)], {}, "implicitDeny", ["s3:prefix"]),
        ([allow("s3:*"), allow("s3:ListBucket", effect="Deny")], {}, "explicitDeny", []),
        ([allow("s3:*"), allow("s3:*", effect="Deny", **LISTED)], {}, "allowed", ["s3:prefix"]),
    ],
)
def test_decisions(local_cloud, statements, context, decision, missing) -> None:
    assert decide(statements, "s3:ListBucket", **context) == (decision, missing)


@pytest.mark.parametrize("negated", ["StringNotLike", "StringLikeIfExists"])
def test_an_absent_key_meets_a_negation_and_an_if_exists(local_cloud, negated) -> None:
    statement = allow("s3:ListBucket", Condition={negated: {"s3:prefix": "secret/*"}})
    assert decide([statement], "s3:ListBucket")[0] == "allowed"


@pytest.mark.parametrize(
    ("statement", "action", "message"),
    [
        (allow("s3:ListBucket"), "ListBucket", "Invalid Action Name"),
        ({"Effect": "Allow"}, "s3:ListBucket", "not in the correct format"),
        (
            allow("s3:ListBucket", Condition={"BinaryEquals": {"s3:key": "QmluYXJ5"}}),
            "s3:ListBucket",
            "localcloud does not emulate iam:SimulateCustomPolicy with the condition operator BinaryEquals",
        ),
    ],
)
def test_refusals(local_cloud, statement, action, message) -> None:
    with pytest.raises(ClientError, match=message):
        decide([statement], action)
