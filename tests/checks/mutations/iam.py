"""Roles and their policies."""

from __future__ import annotations

from typing import Any

from tests.checks.mutations.mutant import Mutant, breaks


def _statement(mutant: Mutant, action: str) -> dict[str, Any]:
    return next(item for item in mutant.policies() if action in item["Action"])


@breaks("iam.actions")
def whole_service(mutant: Mutant) -> None:
    _statement(mutant, "s3:GetObject")["Action"] = "s3:*"


@breaks("iam.actions")
def everything(mutant: Mutant) -> None:
    _statement(mutant, "s3:GetObject")["Action"] = ["*"]


@breaks("iam.resources")
def every_bucket(mutant: Mutant) -> None:
    _statement(mutant, "s3:GetObject")["Resource"] = "*"


@breaks("iam.resources")
def every_metric_namespace(mutant: Mutant) -> None:
    for item in mutant.policies():
        if "cloudwatch:PutMetricData" in item["Action"]:
            item.pop("Condition", None)


@breaks("iam.resources")
def inline_policy_of_a_role(mutant: Mutant) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "sagemaker:CreateTrainingJob", "Resource": "*"}]}
    mutant.properties("AWS::IAM::Role")["Policies"] = [{"PolicyName": "more", "PolicyDocument": document}]


@breaks("iam.pass-role")
def any_role(mutant: Mutant) -> None:
    _statement(mutant, "iam:PassRole")["Resource"] = "arn:aws:iam::123456789012:role/*"


@breaks("iam.pass-role")
def any_service(mutant: Mutant) -> None:
    del _statement(mutant, "iam:PassRole")["Condition"]


@breaks("iam.positive")
def all_but_one(mutant: Mutant) -> None:
    statement = _statement(mutant, "s3:GetObject")
    statement["NotAction"] = statement.pop("Action")


@breaks("iam.trust")
def trusted_for_any_account(mutant: Mutant) -> None:
    for role in mutant.all("AWS::IAM::Role"):
        role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition", None)


@breaks("iam.evidence")
def functions_trusted_under_an_unproven_condition(mutant: Mutant) -> None:
    for role in mutant.all("AWS::IAM::Role"):
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            if statement["Principal"] == {"Service": "lambda.amazonaws.com"}:
                statement["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


@breaks("iam.managed")
def full_access(mutant: Mutant) -> None:
    role = mutant.properties("AWS::IAM::Role")
    role["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]
