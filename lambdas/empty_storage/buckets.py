"""Deleting a bucket with everything in it. Its name is all that is needed, so that `kennel destroy` uses it too."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

MAX_ROUNDS = 5
"""Access logs may still arrive while the bucket is emptied."""


def remove(s3: Any, bucket: str) -> None:
    """Empty the bucket and delete it at once. Raises RuntimeError naming a key that cannot be deleted."""
    for _ in range(MAX_ROUNDS):
        try:
            empty(s3, bucket)
            s3.delete_bucket(Bucket=bucket)
            return
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchBucket":
                return
            if code != "BucketNotEmpty":
                raise
    raise RuntimeError(f"s3://{bucket} is filled faster than it is emptied: end what writes to it and destroy again")


def empty(s3: Any, bucket: str) -> None:
    """Delete every version of every object. Raises RuntimeError naming a key that cannot be deleted."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in entries]
        if not objects:
            continue
        failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors", ())
        for error in failed:
            raise RuntimeError(f"s3://{bucket}/{error['Key']} cannot be deleted: {error['Message']}")
