"""The dead-letter queue of an EventBridge rule."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledgements import acknowledge

KEEP_DAYS = 14


class UndeliveredEvents(sqs.Queue):
    """Encrypted, over TLS only. `accept` lets one rule send what its target did not take."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey) -> None:
        super().__init__(
            scope,
            id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(KEEP_DAYS),
        )
        acknowledge(self, "AwsSolutions-SQS3", "this is the dead-letter queue")

    def accept(self, rule_arn: str) -> None:
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Undelivered",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule_arn}},
            )
        )
