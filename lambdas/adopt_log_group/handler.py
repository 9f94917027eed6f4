"""Custom resource: a log group by its fixed name, with retention and key. One that a service created is taken over."""

from __future__ import annotations

import contextlib
from typing import Any

from lambdas.common import custom_resource
from lambdas.common.clients import client
from lambdas.common.custom_resource import ROLLING_BACK
from lambdas.common.log import logged


@logged
def handler(event: dict[str, Any], context: Any) -> None:
    """`LogGroupName`, `RetentionInDays`, `KmsKeyId`, as in AWS::Logs::LogGroup. A new name makes a new group."""
    name = event["ResourceProperties"]["LogGroupName"]
    custom_resource.run(event, make=_make, remove=_remove, physical_id=name)


def _make(event: custom_resource.Event) -> None:
    properties, logs = event["ResourceProperties"], client("logs")
    name = properties["LogGroupName"]
    try:
        logs.create_log_group(logGroupName=name, kmsKeyId=properties["KmsKeyId"])
    except logs.exceptions.ResourceAlreadyExistsException:
        logs.associate_kms_key(logGroupName=name, kmsKeyId=properties["KmsKeyId"])
    logs.put_retention_policy(logGroupName=name, retentionInDays=int(properties["RetentionInDays"]))


def _remove(event: custom_resource.Event) -> None:
    """A creation that fails leaves the group: it may be older than the stack, and the next creation takes it over."""
    if custom_resource.stack_status(event) == ROLLING_BACK:
        return
    logs = client("logs")
    with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=event["PhysicalResourceId"])
