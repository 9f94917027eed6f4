"""IAM's simulator: what it decides about actions on one resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

BOOLEAN = {"kms:GrantIsForAWSResource"}
"""Condition keys that are not texts."""


def decisions(
    iam: Any,
    operation: str,
    whose: Mapping[str, object],
    actions: Iterable[str],
    resource: str,
    context: Mapping[str, str],
) -> dict[str, str]:
    """Action -> IAM's decision, `allowed` among them.

    operation: simulate_custom_policy or simulate_principal_policy. whose: its parameter with policies or role.
    """
    pages = iam.get_paginator(operation).paginate(
        **whose,
        ActionNames=list(actions),
        ResourceArns=[resource],
        ContextEntries=[
            {
                "ContextKeyName": key,
                "ContextKeyValues": [value],
                "ContextKeyType": "boolean" if key in BOOLEAN else "string",
            }
            for key, value in context.items()
        ],
    )
    return {item["EvalActionName"]: item["EvalDecision"] for page in pages for item in page["EvaluationResults"]}
