"""A rule that starts the pipeline on a schedule (disabled by default), with a dead-letter queue for failed starts."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from config.pipeline import ScheduleConfig
from stacks.constructs.acknowledgements import acknowledge
from stacks.constructs.roles import ServiceRole

KEEP_DAYS = 14
MAX_EVENT_AGE_SECONDS = 3600


class PipelineSchedule(Construct):
    """`undelivered`: the queue of the events that did not start an execution."""

    def __init__(
        self, scope: Construct, id: str, *, config: ScheduleConfig, state_machine_arn: str, key: kms.IKey
    ) -> None:
        super().__init__(scope, id)
        role = ServiceRole(self, "Role", service="events", description="Starts the pipeline on a schedule")
        role.allow(["states:StartExecution"], [state_machine_arn])
        self.undelivered = sqs.Queue(
            self,
            "Undelivered",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(KEEP_DAYS),
        )
        acknowledge(self.undelivered, "AwsSolutions-SQS3", "this is the dead-letter queue")
        rule = events.CfnRule(
            self,
            "Rule",
            description="Starts the pipeline with its default input",
            schedule_expression=config.expression,
            state="ENABLED" if config.enabled else "DISABLED",
            targets=[
                {
                    "id": "pipeline",
                    "arn": state_machine_arn,
                    "roleArn": role.role_arn,
                    "input": "{}",
                    "deadLetterConfig": {"arn": self.undelivered.queue_arn},
                    "retryPolicy": {"maximumEventAgeInSeconds": MAX_EVENT_AGE_SECONDS, "maximumRetryAttempts": 3},
                }
            ],
        )
        self.undelivered.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Undelivered",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.undelivered.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
            )
        )
