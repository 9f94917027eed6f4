"""A rule that hears of builds that ended badly, so that CloudFormation does not wait an hour for their answer.

A build answers by itself at its end, but its last phase does not run if it times out, is stopped or never got a
machine. EventBridge delivers CodeBuild's events on a best-effort basis: they are the second way, not the first.
"""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.function import PlatformFunction
from stacks.constructs.undelivered import UndeliveredEvents

MAX_EVENT_AGE_SECONDS = 3600
NOT_AN_END = ["IN_PROGRESS", "SUCCEEDED"]
"""A successful build has answered."""


class BuildWatch(Construct):
    def __init__(
        self, scope: Construct, id: str, *, project_name: str, starter: PlatformFunction, key: kms.IKey
    ) -> None:
        super().__init__(scope, id)
        undelivered = UndeliveredEvents(self, "Undelivered", key=key)
        rule = events.CfnRule(
            self,
            "Rule",
            description="Answers for an image build that could not answer by itself",
            event_pattern={
                "source": ["aws.codebuild"],
                "detail-type": ["CodeBuild Build State Change"],
                "detail": {"project-name": [project_name], "build-status": [{"anything-but": NOT_AN_END}]},
            },
            state="ENABLED",
            targets=[
                {
                    "id": "starter",
                    "arn": starter.function_arn,
                    "deadLetterConfig": {"arn": undelivered.queue_arn},
                    "retryPolicy": {"maximumEventAgeInSeconds": MAX_EVENT_AGE_SECONDS, "maximumRetryAttempts": 3},
                }
            ],
        )
        undelivered.accept(rule.attr_arn)
        lambda_.CfnPermission(
            self,
            "Permission",
            action="lambda:InvokeFunction",
            function_name=starter.function_arn,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
        )
