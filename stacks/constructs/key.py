"""The customer managed key of one environment, and the services that may use it."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.constructs.retention import removal_policy
from stacks.constructs.roles import ServiceRole

USE = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"]
PUBLISH = ["kms:Decrypt", "kms:GenerateDataKey*"]


class PlatformKey(kms.Key):
    """A rotated key. A source condition restricts each service statement to this account."""

    def __init__(self, scope: Construct, id: str, *, retain: bool) -> None:
        super().__init__(
            scope,
            id,
            description="Encrypts the buckets, logs, topics and volumes of the image classification platform",
            enable_key_rotation=True,
            removal_policy=removal_policy(retain),
        )
        stack = Stack.of(self)
        account = {"aws:SourceAccount": stack.account}
        log_groups = stack.format_arn(service="logs", resource="*")
        self._allow(
            "LogGroups",
            f"logs.{stack.region}.amazonaws.com",
            USE,
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        )
        self._allow(
            "LogDelivery",
            "delivery.logs.amazonaws.com",
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            {"StringEquals": account, "ArnLike": {"aws:SourceArn": log_groups}},
        )
        for name, service, arn_service in (
            ("Alarms", "cloudwatch", "cloudwatch"),
            ("Rules", "events", "events"),
            ("Topics", "sns", "sns"),
        ):
            source = stack.format_arn(service=arn_service, resource="*")
            self._allow(
                name,
                f"{service}.amazonaws.com",
                PUBLISH,
                {"StringEquals": account, "ArnLike": {"aws:SourceArn": source}},
            )
        # Budgets are global: their ARNs do not have a region.
        budgets = stack.format_arn(service="budgets", region="", resource="*")
        self._allow(
            "Budgets",
            "budgets.amazonaws.com",
            PUBLISH,
            {"StringEquals": account, "ArnLike": {"aws:SourceArn": budgets}},
        )

    def allow_volumes(self, role: ServiceRole) -> None:
        """Let SageMaker encrypt volumes and outputs with `role`: it creates grants for its own instances."""
        role.allow(["kms:DescribeKey", "kms:Encrypt"], [self.key_arn])
        role.allow(["kms:CreateGrant"], [self.key_arn], {"Bool": {"kms:GrantIsForAWSResource": "true"}})

    def _allow(self, sid: str, service: str, actions: list[str], conditions: dict[str, dict[str, str]]) -> None:
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[iam.ServicePrincipal(service)],
                actions=actions,
                resources=["*"],
                conditions=conditions,
            )
        )
