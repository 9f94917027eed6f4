"""A role that one AWS service assumes, on behalf of this account only where the service says for whom it acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from config.source_conditions import ACCOUNT, documented
from stacks.constructs.acknowledgements import NIST, acknowledge


class ServiceRole(iam.Role):
    """Trusts `<service>.amazonaws.com`, for this account where AWS documents the condition.

    The owner of a resource grants access to it.
    """

    def __init__(self, scope: Construct, id: str, *, service: str, description: str) -> None:
        known = ACCOUNT in documented("role", service)
        conditions = {"StringEquals": {ACCOUNT: Stack.of(scope).account}} if known else None
        super().__init__(
            scope,
            id,
            assumed_by=iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=conditions),
            description=description,
        )
        acknowledge(self, f"{NIST}-IAMNoInlinePolicy", "the policy belongs to this role only and is deleted with it")

    def allow(
        self, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Any] | None = None
    ) -> None:
        """Add one statement to the role's own policy."""
        self.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions))

    def allow_without_resource(self, actions: Sequence[str], conditions: Mapping[str, Any] | None = None) -> None:
        """Allow actions that IAM cannot restrict to a resource; checks/controls/iam.py lists the permitted ones."""
        self.allow(actions, ["*"], conditions)
        acknowledge(self, "AwsSolutions-IAM5[Resource::*]", f"{', '.join(actions)} cannot be restricted to a resource")
