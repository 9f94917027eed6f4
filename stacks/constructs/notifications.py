"""The topic for notifications (outcomes of runs, alarms, the budget): one of ours, or one that exists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from pipeline import permissions
from stacks.constructs.acknowledgements import acknowledge_wildcard


class Notifications(Protocol):
    """Where messages go."""

    @property
    def topic_arn(self) -> str: ...

    def allow_publish(self, role: iam.IRole) -> None:
        """Let `role` send messages, encrypted or not."""


class ExistingTopic:
    """Somebody else's topic. Its policy and its key, which alarms and the budget need, are its owner's."""

    def __init__(self, stack: Stack, arn: str) -> None:
        self._stack = stack
        self.topic_arn = arn

    def allow_publish(self, role: iam.IRole) -> None:
        role.add_to_principal_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[self.topic_arn]))
        keys = self._stack.format_arn(service="kms", account="*", resource="key", resource_name="*")
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=list(permissions.ENCRYPT_MESSAGES),
                resources=[keys],
                conditions=permissions.messages_of(self.topic_arn),
            )
        )
        acknowledge_wildcard(role, keys, "the topic's key is its owner's choice: any, for messages of the topic only")


class NotificationTopic(sns.Topic):
    """Encrypted, TLS only. Alarms and budgets of this account may publish to it."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey, emails: Sequence[str]) -> None:
        super().__init__(scope, id, master_key=key, enforce_ssl=True)
        self._key = key
        stack = Stack.of(self)
        for service in ("cloudwatch", "budgets"):
            self.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=f"Publish{service.capitalize()}",
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[self.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
                )
            )
        for email in emails:
            sns.CfnSubscription(self, f"Email-{email}", topic_arn=self.topic_arn, protocol="email", endpoint=email)

    def allow_publish(self, role: iam.IRole) -> None:
        role.add_to_principal_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[self.topic_arn]))
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=list(permissions.ENCRYPT_MESSAGES), resources=[self._key.key_arn])
        )
