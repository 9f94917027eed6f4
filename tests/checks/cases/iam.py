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


BUCKET = resource("AWS::S3::Bucket")
OBJECTS = {"Fn::Sub": "${Bucket.Arn}/*"}
READ = {"X": policy("s3:GetObject", OBJECTS), "Bucket": BUCKET}
OWN_ROLE = "arn:aws:iam::${AWS::AccountId}:role/training"
ELSEWHERE = "arn:aws:s3:::b/*"
CASES = (
    Case(
        "iam.actions",
        {"X": policy(["s3:GetObject", "s3:PutObject", "logs:Describe*", "S3:getobject"])},
        (
            {f"{STATEMENT}.Action": "*"},
            {f"{STATEMENT}.Action": ["s3:GetObject", "s3:*"]},
            {f"{STATEMENT}.Action": "s3:Put*"},
            {f"{STATEMENT}.Action": "s3:*et*"},
            {f"{STATEMENT}.Action": "IAM:CreateUser"},
            {"X": inline("s3:*", "b")},
            {"X.Type": "AWS::IAM::ManagedPolicy", f"{STATEMENT}.Action": "s3:*"},
        ),
        ({f"{STATEMENT}.Effect": "Deny", f"{STATEMENT}.Action": "*"}, {f"{STATEMENT}.Action": GONE}),
    ),
    Case(
        "iam.resources",
        {"X": policy(list(WITHOUT_RESOURCE), "*"), "Bucket": BUCKET},
        (
            {f"{STATEMENT}.Action": "s3:GetObject"},
            {f"{STATEMENT}.Action": ["ecr:GetAuthorizationToken", "s3:GetObject"]},
            {f"{STATEMENT}.Action": "cloudwatch:PutMetricData"},
            {"X": policy("cloudwatch:PutMetricData", "*", Condition=PASSED)},
            *({f"{STATEMENT}.Action": "s3:GetObject", f"{STATEMENT}.Resource": place}
              for place in ([OBJECTS, "*"], ELSEWHERE, "**", "arn:aws:s3:::*/*", "arn:aws:s3:::?*", {"Ref": "Nobody"})),
            {"X": policy("kms:Decrypt", {"Fn::Sub": "arn:aws:kms:us-east-1:${AWS::AccountId}:key/*"})},
            {"X": policy("sns:Publish", "arn:aws:sns:us-east-1:210987654321:theirs")},
            {"X": inline("s3:GetObject", "*")},
        ),
        (
            READ,
            {"X": policy("cloudwatch:PutMetricData", "*", Condition=NAMESPACE)},
            {"X": policy("s3:GetObject", "*", Effect="Deny")},
            {"X": policy("sns:Publish", {"Fn::Sub": "arn:aws:sns:us-east-1:${AWS::AccountId}:ours"})},
        ),
    ),
    Case(
        "iam.bound",
        {"X": policy("kms:CreateGrant", Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})},
        (
            {f"{STATEMENT}.Condition": GONE},
            {f"{STATEMENT}.Condition": {"Bool": {"kms:GrantIsForAWSResource": "false"}}},
            {f"{STATEMENT}.Condition": {"BoolIfExists": {"kms:GrantIsForAWSResource": "true"}}},
        ),
        ({"X": policy("kms:Decrypt")},),
    ),
    Case(
        "iam.pass-role",
        {"X": policy("iam:PassRole", {"Fn::Sub": OWN_ROLE}, Condition=PASSED)},
        (
            {f"{STATEMENT}.Condition": GONE},
            {f"{STATEMENT}.Condition": NAMESPACE},
            {f"{STATEMENT}.Condition": {"StringLike": {"iam:PassedToService": "*"}}},
            {f"{STATEMENT}.Condition": {"StringEqualsIfExists": PASSED["StringEquals"]}},
            {f"{STATEMENT}.Condition": {"ForAllValues:StringEquals": PASSED["StringEquals"]}},
            {f"{STATEMENT}.Action": "IAM:Pass*", f"{STATEMENT}.Resource": "*"},
            {f"{STATEMENT}.Resource": "arn:aws:iam::210987654321:role/theirs"},
            {f"{STATEMENT}.Resource": [{"Fn::Sub": OWN_ROLE}, {"Fn::Sub": OWN_ROLE + "*"}]},
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
        {"X": trust(**SERVICE, Action="sts:AssumeRole", Condition=FOR_ACCOUNT)},
        (
            {f"{TRUST}.Condition": GONE},
            *({f"{TRUST}.Condition": {operator: {"aws:SourceAccount": value}}} for operator, value in (
                ("StringLike", "*"), ("StringEquals", "210987654321"),
                ("StringEqualsIfExists", {"Ref": "AWS::AccountId"}),
                ("StringEquals", [{"Ref": "AWS::AccountId"}, "210987654321"]), ("StringNotEquals", "210987654321"),
                ("ForAllValues:StringEquals", {"Ref": "AWS::AccountId"}), ("Null", "true"),
            )),
            {f"{TRUST}.Condition": {"StringLike": {"aws:SourceArn": "arn:aws:sagemaker:*:*:*"}}},
            {f"{TRUST}.Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}},
            {f"{TRUST}.Principal.Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"], f"{TRUST}.Condition": GONE},
        ),
        (
            {f"{TRUST}.Condition": {"ArnLike": {"aws:SourceArn": {"Fn::Sub": "arn:aws:a:*:${AWS::AccountId}:*"}}}},
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
        {"X": role(ManagedPolicyArns=[{"Ref": "Own"}]), "Own": resource("AWS::IAM::ManagedPolicy")},
        (
            {"X.ManagedPolicyArns.0": "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"},
            {"X.ManagedPolicyArns.0": "arn:aws:iam::aws:policy/AdministratorAccess"},
            {"X.ManagedPolicyArns": [{"Ref": "Own"}, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
        ),
        ({"X.ManagedPolicyArns": GONE},),
    ),
)  # fmt: skip
