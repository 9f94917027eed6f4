"""The customer managed key of one environment, and the services that may use it."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from config import regions
from stacks.constructs.retention import removal_policy
from stacks.constructs.roles import ServiceRole

USE = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"]
PUBLISH = ["kms:Decrypt", "kms:GenerateDataKey*"]


class PlatformKey(kms.Key):
    """A rotated key. A source condition restricts a service to this account where AWS documents the condition."""

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
        alarms = stack.format_arn(service="cloudwatch", resource="*")
        # Budgets are global: their ARNs do not have a region.
        budgets = stack.format_arn(service="budgets", region="", resource="*")
        self._allow(
            "LogGroups",
            f"logs.{stack.region}",
            USE,
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
            domain=regions.domain(stack.region),
        )
        for sid, service, source in (
            ("LogDelivery", "delivery.logs", log_groups),
            ("Alarms", "cloudwatch", alarms),
            ("Budgets", "budgets", budgets),
        ):
            self._allow(sid, service, PUBLISH, {"StringEquals": account, "ArnLike": {"aws:SourceArn": source}})
        # For the queue of undelivered events. EventBridge sends no key that a condition could use.
        self._allow("Rules", "events", PUBLISH, None)

    def allow_volumes(self, role: ServiceRole) -> None:
        """Let SageMaker encrypt volumes and outputs with `role`: it creates grants for its own instances."""
        role.allow(["kms:DescribeKey", "kms:Encrypt"], [self.key_arn])
        role.allow(["kms:CreateGrant"], [self.key_arn], {"Bool": {"kms:GrantIsForAWSResource": "true"}})

    def _allow(
        self,
        sid: str,
        service: str,
        actions: list[str],
        conditions: dict[str, dict[str, str]] | None,
        *,
        domain: str = "amazonaws.com",
    ) -> None:
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[iam.ServicePrincipal(f"{service}.{domain}")],
                actions=actions,
                resources=["*"],
                conditions=conditions,
            )
        )
