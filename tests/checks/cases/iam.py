"""Roles and the policies of identities."""

from __future__ import annotations

from typing import Any

from tests.checks.cases.case import GONE, Case, resource

WITHOUT_RESOURCE = (
    "cloudwatch:GetMetricData", "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission", "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken", "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery", "pricing:GetProducts", "sagemaker:ListApps", "sagemaker:ListDomains",
    "sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages", "sagemaker:ListProcessingJobs",
    "sagemaker:ListSpaces", "sagemaker:ListTrainingJobs", "sagemaker:ListUserProfiles",
    "servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas", "xray:GetSamplingRules",
    "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
)  # fmt: skip
"""What IAM binds to nothing, or only to what is named at run time."""
NAMESPACE = {"StringEquals": {"cloudwatch:namespace": "Kennel/Training"}}
PASSED = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def policy(action: Any, target: Any = "arn:aws:s3:::b/*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": target, **more}
    return resource("AWS::IAM::Policy", PolicyDocument={"Statement": [statement]})


def role(**properties: Any) -> dict[str, Any]:
    return resource("AWS::IAM::Role", **properties)


def trust(**statement: Any) -> dict[str, Any]:
    return role(AssumeRolePolicyDocument={"Statement": [statement]})


STATEMENT = "X.PolicyDocument.Statement.0"
TRUST = "X.AssumeRolePolicyDocument.Statement.0"
SERVICE = {"Principal": {"Service": "sagemaker.amazonaws.com"}, "Effect": "Allow"}


def inline(action: str, target: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": target}
    return role(Policies=[{"PolicyName": "p", "PolicyDocument": {"Statement": statement}}])


FOR_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
LOG_GROUPS = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:1:*"}}
UNKNOWN = {"Effect": "Allow", "Principal": {"Service": "unknown.amazonaws.com"}, "Action": "a:B", "Resource": "*"}


def key(service: str, condition: dict[str, Any]) -> dict[str, Any]:
    principal = {"Service": {"Fn::Sub": f"{service}.amazonaws.com"}}
    return resource(
        "AWS::KMS::Key", KeyPolicy={"Statement": [{**UNKNOWN, "Principal": principal, "Condition": condition}]}
    )


CASES = (
    Case(
        "iam.actions",
        {"X": policy(["s3:GetObject", "s3:Put*"])},
        (
            {f"{STATEMENT}.Action": "*"},
            {f"{STATEMENT}.Action": ["s3:GetObject", "s3:*"]},
            {"X": inline("s3:*", "b")},
            {"X.Type": "AWS::IAM::ManagedPolicy", f"{STATEMENT}.Action": "s3:*"},
        ),
        ({f"{STATEMENT}.Effect": "Deny", f"{STATEMENT}.Action": "*"}, {f"{STATEMENT}.Action": GONE}),
    ),
    Case(
        "iam.resources",
        {"X": policy(list(WITHOUT_RESOURCE), "*")},
        (
            {f"{STATEMENT}.Action": "s3:GetObject"},
            {f"{STATEMENT}.Action": ["ecr:GetAuthorizationToken", "s3:GetObject"]},
            {f"{STATEMENT}.Action": "cloudwatch:PutMetricData"},
            {"X": policy("cloudwatch:PutMetricData", "*", Condition=PASSED)},
            {f"{STATEMENT}.Action": "s3:GetObject", f"{STATEMENT}.Resource": ["arn:aws:s3:::b/*", "*"]},
            {"X": inline("s3:GetObject", "*")},
        ),
        (
            {f"{STATEMENT}.Action": "s3:GetObject", f"{STATEMENT}.Resource": "arn:aws:s3:::b/*"},
            {"X": policy("cloudwatch:PutMetricData", "*", Condition=NAMESPACE)},
            {"X": policy("cloudwatch:PutMetricData", "arn:one")},
            {"X": policy("s3:GetObject", "*", Effect="Deny")},
        ),
    ),
    Case(
        "iam.pass-role",
        {"X": policy("iam:PassRole", "arn:aws:iam::1:role/training", Condition=PASSED)},
        (
            {f"{STATEMENT}.Condition": GONE},
            {f"{STATEMENT}.Condition": NAMESPACE},
            {f"{STATEMENT}.Resource": "*"},
            {f"{STATEMENT}.Resource": ["arn:aws:iam::1:role/training", "arn:aws:iam::1:role/*"]},
        ),
        ({"X": policy("s3:GetObject", "*")},),
    ),
    Case(
        "iam.positive",
        {"X": policy("s3:GetObject")},
        (
            {f"{STATEMENT}.NotAction": "s3:PutObject"},
            {f"{STATEMENT}.NotResource": "b"},
            {f"{STATEMENT}.NotPrincipal": "p"},
        ),
        ({f"{STATEMENT}.NotAction": "s3:PutObject", f"{STATEMENT}.Effect": "Deny"},),
    ),
    Case(
        "iam.trust",
        {"X": trust(**SERVICE, Condition={"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}})},
        (
            {f"{TRUST}.Condition": GONE},
            {f"{TRUST}.Condition": {"StringEquals": {"aws:SourceAccount": "*"}}},
            {f"{TRUST}.Condition": {"StringEquals": {"aws:SourceAccount": "1234567890123"}}},
            {f"{TRUST}.Condition": {"StringEquals": {"aws:SourceAccount": ["123456789012", "*"]}}},
            {f"{TRUST}.Condition": {"StringEquals": {"aws:SourceAccount": ["123456789012", "210987654321"]}}},
            {"X.AssumeRolePolicyDocument.Statement": [
                {**SERVICE, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, SERVICE,
            ]},
        ),
        (
            {f"{TRUST}.Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
            {f"{TRUST}": {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Effect": "Allow"}},
            {f"{TRUST}.Condition": GONE, f"{TRUST}.Principal": {"Service": "lambda.amazonaws.com"}},
        ),
    ),
    Case(
        "iam.evidence",
        {"X": trust(**SERVICE, Condition=FOR_ACCOUNT), "Key": key("logs.${AWS::Region}", LOG_GROUPS)},
        (
            {f"{TRUST}.Principal": {"Service": "lambda.amazonaws.com"}},
            {f"{TRUST}.Principal": {"Service": "events.amazonaws.com"}},
            {f"{TRUST}.Principal": {"Service": ["sagemaker.amazonaws.com", "unknown.amazonaws.com"]}},
            {"X": key("events", FOR_ACCOUNT)},
            {"X": key("logs.${AWS::Region}", FOR_ACCOUNT)},
            *(
                {"X": resource(kind, PolicyDocument={"Statement": [{**UNKNOWN, "Condition": FOR_ACCOUNT}]})}
                for kind in ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy")
            ),
        ),
        (
            {f"{TRUST}.Principal": {"Service": "lambda.amazonaws.com"}, f"{TRUST}.Condition": GONE},
            {f"{TRUST}.Condition": {"Bool": {"aws:SecureTransport": "true"}}},
            {"X": key("events", {"Bool": {"aws:SecureTransport": "true"}})},
        ),
    ),
    Case(
        "iam.managed",
        {"X": role(ManagedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"])},
        (
            {"X.ManagedPolicyArns.0": "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"},
            {"X.ManagedPolicyArns.0": "arn:aws:iam::aws:policy/AdministratorAccess"},
            {"X.ManagedPolicyArns": ["arn:a", "arn:aws:iam::aws:policy/AmazonS3FullAccess"]},
        ),
        ({"X.ManagedPolicyArns": GONE},),
    ),
)  # fmt: skip
