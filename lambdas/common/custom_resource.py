"""What every custom resource does: carry out CloudFormation's request, and answer it, also when that fails."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from imgcls.contract.text import cut
from lambdas.common.clients import client

MAX_REASON_BYTES = 400
"""CloudFormation takes a document of at most 4096 bytes, in which a character may become 12 (JSON escapes)."""
DELETING, ROLLING_BACK = "DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"
"""Status of a stack that is deleted, and of one whose creation failed."""

PROPAGATION_SECONDS = 60.0

Event = Mapping[str, Any]
Action = Callable[[Event], None]


def run(event: Event, *, make: Action, remove: Action, physical_id: str | None = None) -> None:
    """`make` on creation and update, `remove` on deletion; both are harmless when repeated.

    A changed `physical_id` replaces the resource: CloudFormation then asks for the deletion of the former one.
    """
    deletes = event["RequestType"] == "Delete"
    name = event["PhysicalResourceId"] if deletes else physical_id or event["LogicalResourceId"]
    try:
        if deletes:
            remove(event)
        else:
            _patiently(make, event)
    except Exception as error:
        send(event, name, error=str(error))
        raise
    send(event, name)


def _patiently(make: Action, event: Event) -> None:
    """IAM takes a while until a policy that the stack has just attached is in force everywhere."""
    deadline = time.monotonic() + PROPAGATION_SECONDS
    while True:
        try:
            return make(event)
        except ClientError as error:
            if not service_errors.is_denied(error.response) or time.monotonic() > deadline:
                raise
            time.sleep(PROPAGATION_SECONDS / 12)


def nothing(event: Event) -> None:
    """The action of a resource that only matters when it is made, or only when it is removed."""


def stack_status(event: Event) -> str:
    """What happens to the stack now. An update, too, removes resources: it must not empty anything."""
    (stack,) = client("cloudformation").describe_stacks(StackName=event["StackId"])["Stacks"]
    return str(stack["StackStatus"])


def answer(event: Event, physical_id: str, error: str | None = None) -> dict[str, str]:
    """The document that CloudFormation expects at the event's ResponseURL."""
    document = {
        "Status": "SUCCESS" if error is None else "FAILED",
        "PhysicalResourceId": physical_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    if error is not None:
        document["Reason"] = cut(error, MAX_REASON_BYTES)
    return document


def send(event: Event, physical_id: str, error: str | None = None) -> None:
    """Answer at the URL that CloudFormation waits at."""
    document = answer(event, physical_id, error)
    request = urllib.request.Request(  # noqa: S310 - the URL is CloudFormation's
        event["ResponseURL"], data=json.dumps(document).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        pass
