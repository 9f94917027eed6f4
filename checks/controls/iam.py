"""Roles: no broad permissions, PassRole for named roles only, trust limited to this account."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, each
from checks.policies import Statement, identity_statements, service_name, statements
from config.source_conditions import KEYS, Policy, documented

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
    "sagemaker:ListModelPackageGroups",
    "sagemaker:ListModelPackages",
    "sagemaker:ListProcessingJobs",
    "sagemaker:ListSpaces",
    "sagemaker:ListTrainingJobs",
    "sagemaker:ListUserProfiles",
    "servicequotas:ListAWSDefaultServiceQuotas",
    "servicequotas:ListServiceQuotas",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""The only actions that may have `Resource: *`: IAM has no resource for them, or it is named only at run time."""

POLICIES: dict[str, tuple[Policy, str]] = {
    "AWS::IAM::Role": ("role", "AssumeRolePolicyDocument"),
    "AWS::KMS::Key": ("key", "KeyPolicy"),
    "AWS::SNS::TopicPolicy": ("topic", "PolicyDocument"),
    "AWS::SQS::QueuePolicy": ("queue", "PolicyDocument"),
    "AWS::S3::BucketPolicy": ("bucket", "PolicyDocument"),
}
"""Where a service is a principal."""

ACCOUNT = re.compile(r"\$\{AWS::AccountId\}|\d{12}")


def allowed(id: str, requirement: str, violates: Callable[[Statement], bool]) -> Control:
    """A control on every Allow statement of every identity policy."""

    def find(assembly: Assembly) -> Iterator[str]:
        return (resource.label for resource, item in identity_statements(assembly) if item.allows and violates(item))

    return Control(id, requirement, find)


def whole_service(statement: Statement) -> bool:
    return any(action == "*" or action.endswith(":*") for action in statement.actions)


def unrestricted_resource(statement: Statement) -> bool:
    if "*" not in statement.resources:
        return False
    unknown = set(statement.actions) - WITHOUT_RESOURCE
    unbound = "cloudwatch:PutMetricData" in statement.actions and "cloudwatch:namespace" not in statement.conditions
    return bool(unknown) or unbound


def passes_any_role(statement: Statement) -> bool:
    if "iam:PassRole" not in statement.actions:
        return False
    return "iam:passedtoservice" not in statement.conditions or any("*" in name for name in statement.resources)


def trusted_for_account(role: Resource, _: Assembly) -> bool:
    return all(
        [bool(ACCOUNT.fullmatch(str(value))) for value in item.conditions.get("aws:sourceaccount", ("", ()))[1]]
        == [True]
        for item in statements(role.get("AssumeRolePolicyDocument"))
        if any(documented("role", service_name(service)) for service in item.services)
    )


def unproven_conditions(assembly: Assembly) -> Iterator[str]:
    """A service that does not send the key of a condition is refused, and nothing works."""
    for kind, (policy, member) in POLICIES.items():
        for resource in assembly.of(kind):
            for item in statements(resource.get(member)):
                used = {key for key in KEYS if key.lower() in item.conditions}
                if any(used - set(documented(policy, service_name(service))) for service in item.services):
                    yield resource.label


def no_full_access(role: Resource, _: Assembly) -> bool:
    names = [str(arn) for arn in as_list(role.get("ManagedPolicyArns"))]
    return not any(name.endswith("FullAccess") or name.endswith("AdministratorAccess") for name in names)


CONTROLS = (
    allowed("iam.actions", "not allow all actions of a service", whole_service),
    allowed("iam.resources", "use Resource * only for actions that cannot be restricted", unrestricted_resource),
    allowed("iam.pass-role", "pass named roles to a named service only", passes_any_role),
    allowed(
        "iam.positive",
        "list what is allowed, without NotAction, NotResource or NotPrincipal",
        lambda statement: statement.inverted,
    ),
    each(
        "iam.trust",
        "be assumable on behalf of this account only, where AWS documents how",
        "AWS::IAM::Role",
        trusted_for_account,
    ),
    Control("iam.evidence", "have source conditions that AWS documents for its service only", unproven_conditions),
    each("iam.managed", "not have an AWS managed policy with full access", "AWS::IAM::Role", no_full_access),
)
