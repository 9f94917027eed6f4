"""Buckets, and the key that encrypts them."""

from __future__ import annotations

from typing import Any

from tests.checks.cases.case import GONE, KEY, KEY_ARN, Case, resource

ARN, OBJECTS = {"Fn::GetAtt": ["X", "Arn"]}, {"Fn::Join": ["", [{"Fn::GetAtt": ["X", "Arn"]}, "/*"]]}
LOGS_TO_X = resource("AWS::S3::Bucket", LoggingConfiguration={"DestinationBucketName": {"Ref": "X"}})
KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def bucket(**properties: Any) -> dict[str, Any]:
    return resource("AWS::S3::Bucket", KEPT, **properties)


def encryption(algorithm: str, **key: Any) -> dict[str, Any]:
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **key}}
    return {"ServerSideEncryptionConfiguration": [rule]}


RULE = "X.BucketEncryption.ServerSideEncryptionConfiguration"
DEFAULT = f"{RULE}.0.ServerSideEncryptionByDefault"
DENY = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": [ARN, OBJECTS],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
POLICY = resource("AWS::S3::BucketPolicy", Bucket={"Ref": "X"}, PolicyDocument={"Statement": [DENY]})
STATEMENT = "Policy.PolicyDocument.Statement.0"
TIDY = {
    "Status": "Enabled",
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
ALLOW_ALL = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
FOR_SERVICE = {
    "Effect": "Allow",
    "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
    "Action": "kms:Encrypt",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
}
SERVICES = ["logs.a", "delivery.logs.a", "cloudwatch.a", "events.a", "budgets.a"]


def key(*statements: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return resource("AWS::KMS::Key", KeyPolicy={"Statement": list(statements)}, **properties)


CASES = (
    Case(
        "bucket.key",
        {"Key": KEY, "X": bucket(BucketEncryption=encryption("aws:kms", KMSMasterKeyID=KEY_ARN))},
        (
            {f"{DEFAULT}.SSEAlgorithm": "AES256"},
            {f"{DEFAULT}.SSEAlgorithm": GONE},
            {f"{DEFAULT}.KMSMasterKeyID": GONE},
            {f"{DEFAULT}.KMSMasterKeyID": "alias/aws/s3"},
            {f"{RULE}.0": {}},
            {RULE: []},
            {RULE: encryption("aws:kms", KMSMasterKeyID=KEY_ARN)["ServerSideEncryptionConfiguration"] * 2},
            {"X.BucketEncryption": GONE},
        ),
    ),
    Case(
        "bucket.key",
        {"X": bucket(BucketEncryption=encryption("AES256")), "Other": LOGS_TO_X},
        ({f"{DEFAULT}.SSEAlgorithm": "aws:kms"}, {f"{RULE}.0": {}}, {"X.BucketEncryption": GONE}),
    ),
    Case(
        "bucket.private",
        {"X": bucket(PublicAccessBlockConfiguration=dict.fromkeys(BLOCKS, True))},
        (
            *({f"X.PublicAccessBlockConfiguration.{name}": False} for name in BLOCKS),
            *({f"X.PublicAccessBlockConfiguration.{name}": GONE} for name in BLOCKS),
            {"X.PublicAccessBlockConfiguration": GONE},
        ),
    ),
    Case(
        "bucket.versioned",
        {"X": bucket(VersioningConfiguration={"Status": "Enabled"})},
        ({"X.VersioningConfiguration.Status": "Suspended"}, {"X.VersioningConfiguration": GONE}),
    ),
    Case(
        "bucket.tls",
        {"X": bucket(), "Policy": POLICY},
        (
            {f"{STATEMENT}.Resource": [ARN]},
            {f"{STATEMENT}.Resource": [OBJECTS]},
            {f"{STATEMENT}.Effect": "Allow"},
            {f"{STATEMENT}.Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
            {f"{STATEMENT}.Action": "s3:GetObject"},
            {f"{STATEMENT}.Condition": GONE},
            {f"{STATEMENT}.Condition": {"Bool": {"aws:SecureTransport": "true"}}},
            {f"{STATEMENT}.Condition": {"Bool": {"aws:SecureTransport": ["false", "true"]}}},
            {f"{STATEMENT}.Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}},
            {"Policy.Bucket": "another"},
            {"Policy": GONE},
        ),
        (
            {f"{STATEMENT}.Principal": "*"},
            {f"{STATEMENT}.Condition": {"Bool": {"aws:securetransport": False}}},
            {"Policy.PolicyDocument.Statement": [{**DENY, "Resource": ARN}, {**DENY, "Resource": OBJECTS}]},
        ),
    ),
    Case(
        "bucket.logged",
        {"X": bucket(LoggingConfiguration={"DestinationBucketName": {"Ref": "Logs"}}), "Logs": bucket()},
        ({"X.LoggingConfiguration": GONE}, {"X.LoggingConfiguration.DestinationBucketName": "elsewhere"}),
    ),
    Case(
        "bucket.logged",
        {"X": bucket(), "Other": LOGS_TO_X},
        ({"X.LoggingConfiguration": {"DestinationBucketName": "elsewhere"}},),
    ),
    Case(
        "bucket.tidied",
        {"X": bucket(LifecycleConfiguration={"Rules": [TIDY]})},
        (
            {"X.LifecycleConfiguration.Rules.0.Status": "Disabled"},
            {"X.LifecycleConfiguration.Rules.0.Prefix": "runs/"},
            {"X.LifecycleConfiguration.Rules.0.TagFilters": [{"Key": "a", "Value": "b"}]},
            {"X.LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration": GONE},
            {"X.LifecycleConfiguration.Rules.0.AbortIncompleteMultipartUpload": GONE},
            {"X.LifecycleConfiguration": GONE},
        ),
        (
            {
                "X.LifecycleConfiguration.Rules": [
                    {"Status": "Enabled", "NoncurrentVersionExpiration": {}},
                    {"Status": "Enabled", "AbortIncompleteMultipartUpload": {}},
                    {"Status": "Disabled"},
                ]
            },
        ),
    ),
    Case(
        "bucket.kept",
        {"X": bucket()},
        ({"X.DeletionPolicy": "Delete"}, {"X.UpdateReplacePolicy": "Delete"}, {"X.DeletionPolicy": GONE}),
    ),
    Case(
        "bucket.no-acls",
        {"X": bucket(OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})},
        (
            {"X.OwnershipControls.Rules.0.ObjectOwnership": "ObjectWriter"},
            {"X.OwnershipControls": GONE},
            {"X.AccessControl": "LogDeliveryWrite"},
        ),
    ),
    Case(
        "key.rotated",
        {"X": key(EnableKeyRotation=True)},
        ({"X.EnableKeyRotation": False}, {"X.EnableKeyRotation": GONE}),
    ),
    Case(
        "key.closed",
        {"X": key({**FOR_SERVICE, "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}})},
        (
            {"X.KeyPolicy.Statement.0.Condition": GONE},
            {"X.KeyPolicy.Statement.0.Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}},
            {"X.KeyPolicy.Statement.0.Condition": {"StringLike": {"aws:SourceArn": "*"}}},
            {"X.KeyPolicy.Statement.0.Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:logs:*:*:*"}}},
            {"X.KeyPolicy.Statement.0": ALLOW_ALL},
            {"X.KeyPolicy.Statement.0": {**ALLOW_ALL, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}},
            {"X.KeyPolicy.Statement.0": {**ALLOW_ALL, "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}},
            {"X.KeyPolicy": {"Fn::Transform": "Anything"}},
        ),
        (
            {"X.KeyPolicy.Statement.0": {**ALLOW_ALL, "Effect": "Deny"}},
            {"X.KeyPolicy.Statement.0": {**ALLOW_ALL, "Principal": {"AWS": {"Ref": "AWS::AccountId"}}}},
            {"X.KeyPolicy": GONE},
        ),
    ),
    Case(
        "key.services",
        {"X": key(*({**FOR_SERVICE, "Principal": {"Service": name}} for name in SERVICES))},
        (
            *({f"X.KeyPolicy.Statement.{index}.Principal.Service": "other"} for index in range(len(SERVICES))),
            {"X.KeyPolicy.Statement.0.Effect": "Deny"},
            {"X.KeyPolicy": GONE},
        ),
        ({"X.KeyPolicy.Statement": [{**FOR_SERVICE, "Principal": {"Service": SERVICES}}]},),
    ),
    Case(
        "key.kept",
        {"X": resource("AWS::KMS::Key", KEPT)},
        ({"X.DeletionPolicy": "Delete"}, {"X.DeletionPolicy": "Retain"}, {"X.UpdateReplacePolicy": GONE}),
    ),
)  # fmt: skip
