"""The state machine: the pipeline's definition, its role and its log group."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from config import regions
from pipeline import permissions, placeholders
from pipeline.permissions import Permission
from pipeline.placeholders import Placeholder
from stacks.constructs.acknowledgements import acknowledge_wildcard
from stacks.constructs.log_group import PlatformLogGroup
from stacks.constructs.roles import ServiceRole

DELIVER_LOGS = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
INTEGRATIONS = "arn:aws:states:::"
"""What the definition's integrations begin with; other partitions have their own name in it."""
TRACE = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


class PipelineStateMachine(Construct):
    """`values`: the deploy-time value of each placeholder in the definition."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        definition: Mapping[str, Any],
        values: Mapping[Placeholder, str],
        key: kms.IKey,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, id)
        # For groups below /aws/vendedlogs/, Step Functions does not add to the account's log resource policy.
        partition = regions.partition(Stack.of(self).region)
        logs = PlatformLogGroup(
            self, "Logs", key=key, retention_days=log_retention_days, name=f"/aws/vendedlogs/states/{name}"
        )
        role = ServiceRole(self, "Role", service="states", description="Runs the pipeline's steps")
        used = placeholders.used(definition)
        self._allow(role, permissions.statements(definition), values)
        role.allow_without_resource(DELIVER_LOGS)
        role.allow_without_resource(TRACE)
        machine = stepfunctions.CfnStateMachine(
            self,
            "StateMachine",
            state_machine_name=name,
            state_machine_type="STANDARD",
            role_arn=role.role_arn,
            definition_string=json.dumps(definition, indent=1).replace(INTEGRATIONS, f"arn:{partition}:states:::"),
            definition_substitutions={item.value: values[item] for item in sorted(used)},
            logging_configuration={
                "level": "ALL",
                "includeExecutionData": False,
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": logs.log_group_arn}}],
            },
            tracing_configuration={"enabled": True},
        )
        # The service checks the role's log permissions when it creates the state machine.
        machine.node.add_dependency(role)
        self.arn = machine.attr_arn

    def _allow(self, role: ServiceRole, statements: Iterable[Permission], values: Mapping[Placeholder, str]) -> None:
        stack = Stack.of(self)
        texts = {item.value: value for item, value in values.items()}
        texts |= {"AWS::Partition": stack.partition, "AWS::Region": stack.region, "AWS::AccountId": stack.account}

        def fill(text: str) -> str:
            return re.sub(r"\$\{([^}]*)\}", lambda found: texts[found[1]], text)

        for statement in statements:
            resources = [fill(resource) for resource in statement.resources]
            role.allow(statement.actions, resources, dict(statement.conditions) or None)
            for resource in resources:
                if resource.endswith("*"):
                    reason = "runs name their jobs and objects, and the owner of an existing topic its key"
                    acknowledge_wildcard(role, resource, reason)
