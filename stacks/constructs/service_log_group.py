"""A log group whose name a service fixes, with retention period and key, whether or not the service made it first."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.custom_resource import CustomResourceFunction
from stacks.constructs.key import PlatformKey
from stacks.constructs.notifications import Notifications

OWN = ("logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy")


class ServiceLogGroup(Construct):
    """SageMaker creates the group of an endpoint with its first line, without either, and again for a late line.

    CloudFormation's own resource refuses a name that exists. What uses the group depends on this construct.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        code: lambda_.Code,
        key: PlatformKey,
        topic: Notifications,
        retention_days: int,
    ) -> None:
        super().__init__(scope, id)
        function = CustomResourceFunction(
            self,
            "Function",
            name="adopt_log_group",
            code=code,
            key=key,
            topic=topic,
            log_retention_days=retention_days,
            description=f"Keeps the log group {name} under retention and key",
        )
        function.allow_reading_its_stack()
        stack = Stack.of(self)
        arn = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{name}"
        allowed = [iam.PolicyStatement(actions=list(OWN), resources=[arn, f"{arn}:*"])]
        settings = {"LogGroupName": name, "RetentionInDays": retention_days, "KmsKeyId": key.key_arn}
        function.add(self, "Group", "Custom::LogGroup", settings, allowed)
