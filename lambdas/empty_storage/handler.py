"""Custom resources that are deleted before a bucket or the key: they take away what is in the way of the deletion."""

from __future__ import annotations

from typing import Any

from lambdas.common import custom_resource
from lambdas.common.clients import client
from lambdas.common.custom_resource import DELETING, ROLLING_BACK
from lambdas.common.log import logged
from lambdas.empty_storage import buckets, registry

BUCKET, REGISTRY = "Custom::EmptyBucket", "Custom::EmptyRegistry"


@logged
def handler(event: dict[str, Any], context: Any) -> None:
    """Does nothing until the stack is deleted. An update that drops the resource leaves all data where it is."""
    custom_resource.run(event, make=custom_resource.nothing, remove=_remove)


def _remove(event: custom_resource.Event) -> None:
    status, properties = custom_resource.stack_status(event), event["ResourceProperties"]
    if event["ResourceType"] == BUCKET and status in (DELETING, ROLLING_BACK):
        buckets.remove(client("s3"), properties["Bucket"])
    # A creation that fails has registered nothing: what is there is older than the stack.
    if event["ResourceType"] == REGISTRY and status == DELETING:
        registry.remove(client("sagemaker"), properties["Project"], properties["Environment"])
