"""Custom resource: one small object below a prefix. SageMaker refuses a multi-model endpoint whose prefix is empty."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from lambdas.common import custom_resource
from lambdas.common.clients import client
from lambdas.common.log import logged

TEXT = b"Published models are below this prefix. This object keeps it from being empty.\n"


@logged
def handler(event: dict[str, Any], context: Any) -> None:
    """`Bucket`, `Key` -> the object. It is deleted with the stack, as it would keep the bucket from being deleted."""
    custom_resource.run(event, make=_put, remove=_delete)


def _put(event: custom_resource.Event) -> None:
    properties = event["ResourceProperties"]
    client("s3").put_object(
        Bucket=properties["Bucket"], Key=properties["Key"], Body=TEXT, ContentType="text/plain; charset=utf-8"
    )


def _delete(event: custom_resource.Event) -> None:
    bucket, key = event["ResourceProperties"]["Bucket"], event["ResourceProperties"]["Key"]
    s3 = client("s3")
    try:
        page = s3.list_object_versions(Bucket=bucket, Prefix=key)
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        for item in entries:
            if item["Key"] == key:
                s3.delete_object(Bucket=bucket, Key=key, VersionId=item["VersionId"])
    except ClientError as error:
        if service_errors.code(error.response) != "NoSuchBucket":
            raise
