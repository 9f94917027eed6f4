"""A rule that starts the pipeline on a schedule (disabled by default), with a dead-letter queue for failed starts."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from constructs import Construct

from config.pipeline import ScheduleConfig
from stacks.constructs.roles import ServiceRole
from stacks.constructs.undelivered import UndeliveredEvents

MAX_EVENT_AGE_SECONDS = 3600


class PipelineSchedule(Construct):
    """`undelivered`: the queue of the events that did not start an execution."""

    def __init__(
        self, scope: Construct, id: str, *, config: ScheduleConfig, state_machine_arn: str, key: kms.IKey
    ) -> None:
        super().__init__(scope, id)
        role = ServiceRole(self, "Role", service="events", description="Starts the pipeline on a schedule")
        role.allow(["states:StartExecution"], [state_machine_arn])
        self.undelivered = UndeliveredEvents(self, "Undelivered", key=key)
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
        self.undelivered.accept(rule.attr_arn)
