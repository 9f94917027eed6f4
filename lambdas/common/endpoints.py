"""The endpoint as SageMaker describes it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from lambdas.common.clients import client

CREATING = "Creating"
IN_SERVICE = "InService"
CHANGING = ("Updating", "SystemUpdating", "RollingBack")
"""Statuses in which an endpoint answers requests but refuses another update."""
DELETING = "Deleting"


def is_off(described: dict[str, Any] | None) -> bool:
    """Whether an endpoint, as `describe` found it, is switched off, or is on its way to that."""
    return described is None or described["EndpointStatus"] == DELETING


def describe(name: str) -> dict[str, Any] | None:
    """DescribeEndpoint's answer, or None if the endpoint does not exist."""
    try:
        answer: dict[str, Any] = client("sagemaker").describe_endpoint(EndpointName=name)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return None
        raise
    return answer
