"""The endpoint as SageMaker describes it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from lambdas.common.clients import client

CREATING = "Creating"
IN_SERVICE = "InService"
CHANGING = ("Updating", "SystemUpdating", "RollingBack")
"""Statuses in which it goes on answering, and takes no other update."""


def describe(name: str) -> dict[str, Any] | None:
    """DescribeEndpoint's answer, or None when the endpoint does not exist: it is switched off."""
    try:
        answer: dict[str, Any] = client("sagemaker").describe_endpoint(EndpointName=name)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return None
        raise
    return answer
