"""Which conditions on the source of a request AWS documents, per kind of policy and service.

A service that does not send a key fails every request under a condition on it. What is not in this table has no
condition: who may pass a role or write a rule is limited by IAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ACCOUNT, ARN = "aws:SourceAccount", "aws:SourceArn"
LOG_GROUP = "kms:EncryptionContext:aws:logs:arn"
KEYS = (ACCOUNT, ARN, LOG_GROUP)

Policy = Literal["role", "key", "topic", "queue", "bucket"]
_DOCS = "https://docs.aws.amazon.com/"


@dataclass(frozen=True)
class Documented:
    """`keys` that the page `title` shows in a policy of this kind for this service."""

    keys: tuple[str, ...]
    title: str
    url: str


DOCUMENTED: dict[tuple[Policy, str], Documented] = {
    ("role", "sagemaker"): Documented(
        (ACCOUNT, ARN),
        "Cross-service confused deputy prevention: Inference, Batch Transform, Processing Jobs, Studio, Training Jobs",
        f"{_DOCS}sagemaker/latest/dg/security-confused-deputy-prevention.html",
    ),
    ("role", "codebuild"): Documented(
        (ACCOUNT, ARN),
        "Cross-service confused deputy prevention",
        f"{_DOCS}codebuild/latest/userguide/cross-service-confused-deputy-prevention.html",
    ),
    ("role", "states"): Documented(
        (ACCOUNT, ARN),
        "Creating an IAM role for your state machine: Prevent cross-service confused deputy issue",
        f"{_DOCS}step-functions/latest/dg/procedure-create-iam-role.html",
    ),
    ("role", "vpc-flow-logs"): Documented(
        (ACCOUNT, ARN),
        "IAM role for publishing flow logs to CloudWatch Logs",
        f"{_DOCS}vpc/latest/userguide/flow-logs-iam-role.html",
    ),
    ("key", "logs"): Documented(
        (LOG_GROUP,),
        "Encrypt log data in CloudWatch Logs using AWS Key Management Service",
        f"{_DOCS}AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    ),
    ("key", "delivery.logs"): Documented(
        (ACCOUNT, ARN),
        "Enable logging from AWS services",
        f"{_DOCS}AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html",
    ),
    ("key", "cloudwatch"): Documented(
        (ACCOUNT, ARN),
        "Amazon SNS key management: Enable compatibility between event sources from AWS services and encrypted topics",
        f"{_DOCS}sns/latest/dg/sns-key-management.html",
    ),
    ("key", "budgets"): Documented(
        (ACCOUNT, ARN),
        "Creating an Amazon SNS topic for budget notifications",
        f"{_DOCS}cost-management/latest/userguide/budgets-sns-policy.html",
    ),
    ("topic", "cloudwatch"): Documented(
        (ACCOUNT, ARN),
        "Example cases for Amazon SNS access control: Allow CloudWatch alarms to publish",
        f"{_DOCS}sns/latest/dg/sns-access-policy-use-cases.html",
    ),
    ("topic", "budgets"): Documented(
        (ACCOUNT, ARN),
        "Creating an Amazon SNS topic for budget notifications",
        f"{_DOCS}cost-management/latest/userguide/budgets-sns-policy.html",
    ),
    ("queue", "events"): Documented(
        (ARN,),
        "Using dead-letter queues to process undelivered events in EventBridge",
        f"{_DOCS}eventbridge/latest/userguide/eb-rule-dlq.html",
    ),
    ("bucket", "logging.s3"): Documented(
        (ACCOUNT, ARN),
        "Enabling Amazon S3 server access logging: Permissions for log delivery",
        f"{_DOCS}AmazonS3/latest/userguide/enable-server-access-logging.html",
    ),
}
"""Absent on purpose: the key policy for `events`, whose requests carry none of the keys (Amazon SNS key management);
the roles of `lambda` and of `events`, for which no page was found."""


def documented(policy: Policy, service: str) -> tuple[str, ...]:
    """The keys that may stand in a condition; none where there is no evidence. `service`: `sagemaker`."""
    found = DOCUMENTED.get((policy, service))
    return found.keys if found else ()
