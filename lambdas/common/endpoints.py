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


def describe(name: str) -> dict[str, Any] | None:
    """DescribeEndpoint's answer, or None if the endpoint does not exist, which means that it is switched off."""
    try:
        answer: dict[str, Any] = client("sagemaker").describe_endpoint(EndpointName=name)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return None
        raise
    return answer
