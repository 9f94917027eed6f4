"""Roles: nothing wide, nothing passed on unnamed, trusted for this account only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, each
from checks.policies import Statement, identity_statements, statements

WITHOUT_RESOURCE = {
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "pricing:GetProducts",
    "sagemaker:ListApps",
    "sagemaker:ListDomains",
    "sagemaker:ListSpaces",
    "sagemaker:ListUserProfiles",
    "servicequotas:ListServiceQuotas",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""The only actions that may have `Resource: *`: IAM binds them to nothing, or only to what is named at run time."""

ACCOUNT = re.compile(r"\$\{AWS::AccountId\}|\d{12}")


def allowed(id: str, rule: str, breaks: Callable[[Statement], bool]) -> Control:
    """A control on every Allow statement of every identity policy."""

    def find(assembly: Assembly) -> Iterator[str]:
        return (resource.label for resource, item in identity_statements(assembly) if item.allows and breaks(item))

    return Control(id, rule, find)


def wide_action(statement: Statement) -> bool:
    return any(action == "*" or action.endswith(":*") for action in statement.actions)


def everywhere(statement: Statement) -> bool:
    if "*" not in statement.resources:
        return False
    unknown = set(statement.actions) - WITHOUT_RESOURCE
    unbound = "cloudwatch:PutMetricData" in statement.actions and "cloudwatch:namespace" not in statement.conditions
    return bool(unknown) or unbound


def passes_anything(statement: Statement) -> bool:
    if "iam:PassRole" not in statement.actions:
        return False
    return "iam:passedtoservice" not in statement.conditions or any("*" in name for name in statement.resources)


def trusted_for_account(role: Resource, _: Assembly) -> bool:
    return all(
        [bool(ACCOUNT.fullmatch(str(value))) for value in item.conditions.get("aws:sourceaccount", ("", ()))[1]]
        == [True]
        for item in statements(role.get("AssumeRolePolicyDocument"))
        if item.services
    )


def no_full_access(role: Resource, _: Assembly) -> bool:
    names = [str(arn) for arn in as_list(role.get("ManagedPolicyArns"))]
    return not any(name.endswith("FullAccess") or name.endswith("AdministratorAccess") for name in names)


CONTROLS = (
    allowed("iam.actions", "allow no whole service", wide_action),
    allowed("iam.resources", "use Resource * only for what cannot be bound", everywhere),
    allowed("iam.pass-role", "pass named roles to a named service only", passes_anything),
    allowed("iam.positive", "say what is allowed, not what is not", lambda statement: statement.inverted),
    each("iam.trust", "be assumed for this account only", "AWS::IAM::Role", trusted_for_account),
    each("iam.managed", "have no policy of AWS with full access", "AWS::IAM::Role", no_full_access),
)
