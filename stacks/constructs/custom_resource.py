"""A Python function that answers CloudFormation, and the custom resources that it is responsible for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.acknowledgements import NIST, acknowledge, acknowledge_wildcard
from stacks.constructs.function import PlatformFunction
from stacks.constructs.notifications import Notifications

LONGEST_SECONDS = 15 * 60
"""The longest that a function may run: what it waits for, SageMaker deletes in its own time."""


class CustomResourceFunction(PlatformFunction):
    """`lambdas/<name>`, invoked by CloudFormation only. Grant it what it needs by `service_role`."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        code: lambda_.Code,
        key: kms.IKey,
        topic: Notifications,
        log_retention_days: int,
        description: str,
    ) -> None:
        super().__init__(
            scope,
            id,
            name=name,
            code=code,
            environment={},
            key=key,
            log_retention_days=log_retention_days,
            timeout_seconds=LONGEST_SECONDS,
            description=description,
            failures="its failed invocations are sent to the topic",
        )
        # CloudFormation invokes it asynchronously. It reports its own failure, so a retry would report twice.
        lambda_.CfnEventInvokeConfig(
            self,
            "Failures",
            function_name=self.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=0,
            destination_config={"onFailure": {"destination": topic.topic_arn}},
        )
        topic.allow_publish(self.service_role)

    def allow_reading_its_stack(self) -> None:
        """Let it ask whether the stack is being deleted: an update removes resources too, and must not empty them."""
        self.service_role.allow(["cloudformation:DescribeStacks"], [Stack.of(self).stack_id])

    def add(
        self,
        scope: Construct,
        id: str,
        kind: str,
        properties: Mapping[str, Any],
        allowed: Sequence[iam.PolicyStatement] = (),
    ) -> CustomResource:
        """A resource of `kind`, made after all that the function may do for it and removed before that.

        What it is `allowed` is a policy of its own: one policy for several resources would order them in a circle.
        """
        resource = CustomResource(
            scope,
            id,
            service_token=self.function_arn,
            resource_type=kind,
            properties=dict(properties),
            service_timeout=Duration.seconds(LONGEST_SECONDS),
        )
        resource.node.add_dependency(self.service_role)
        if allowed:
            policy = iam.Policy(scope, f"{id}Policy", roles=[self.service_role], statements=list(allowed))
            acknowledge(
                policy, f"{NIST}-IAMNoInlinePolicy", "the policy belongs to this role only and is deleted with it"
            )
            self._acknowledge_wildcards(policy, allowed)
            resource.node.add_dependency(policy)
        return resource

    @staticmethod
    def _acknowledge_wildcards(policy: iam.Policy, allowed: Sequence[iam.PolicyStatement]) -> None:
        for statement in allowed:
            for resource in statement.resources:
                if "*" in resource:
                    reason = f"{', '.join(statement.actions)}: what is deleted was named by people, runs and services"
                    acknowledge_wildcard(policy, resource, reason)


class ActsOnDeletion(Construct):
    """Base of what acts when its stack is deleted, never in an update, by the function `lambdas/<lambda_name>`."""

    lambda_name: ClassVar[str]
    description: ClassVar[str]

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        code: lambda_.Code,
        key: kms.IKey,
        topic: Notifications,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, id)
        self._function = CustomResourceFunction(
            self,
            "Function",
            name=self.lambda_name,
            code=code,
            key=key,
            topic=topic,
            log_retention_days=log_retention_days,
            description=self.description,
        )
        self._function.allow_reading_its_stack()
