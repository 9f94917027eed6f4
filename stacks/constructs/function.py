"""A Python Lambda function with its own role and log group, traced, outside the VPC."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.acknowledgements import NIST, acknowledge, acknowledge_checkov
from stacks.constructs.log_group import PlatformLogGroup
from stacks.constructs.roles import ServiceRole

RUNTIME = lambda_.Runtime.PYTHON_3_14


class PlatformFunction(lambda_.Function):
    """`lambdas/<name>/handler.py`. `environment` comes from the function's `environment.py`.

    `failures` says how its errors are handled, because it does not have a dead-letter queue.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        code: lambda_.Code,
        environment: Mapping[str, str],
        key: kms.IKey,
        log_retention_days: int,
        memory_mb: int = 256,
        timeout_seconds: int = 60,
        description: str,
        failures: str,
    ) -> None:
        role = ServiceRole(scope, f"{id}Role", service="lambda", description=f"Lets {name} run")
        logs = PlatformLogGroup(scope, f"{id}Logs", key=key, retention_days=log_retention_days)
        role.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs.log_group_arn])
        super().__init__(
            scope,
            id,
            runtime=RUNTIME,
            code=code,
            handler=f"lambdas.{name}.handler.handler",
            environment=dict(environment),
            environment_encryption=key,
            role=role,
            log_group=logs,
            tracing=lambda_.Tracing.ACTIVE,
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_seconds),
            description=description,
        )
        self.service_role = role
        no_network = "it calls only AWS APIs, and the network has no route to most of them"
        no_concurrency = "new accounts have no concurrency that could be reserved"
        acknowledge(self, f"{NIST}-LambdaConcurrency", no_concurrency)
        acknowledge(self, f"{NIST}-LambdaInsideVPC", no_network)
        acknowledge(self, f"{NIST}-LambdaDLQ", failures)
        acknowledge_checkov(self, CKV_AWS_115=no_concurrency, CKV_AWS_116=failures, CKV_AWS_117=no_network)
        acknowledge(role, "AwsSolutions-IAM5[Resource::*]", "PutTraceSegments of X-Ray does not support resources")
