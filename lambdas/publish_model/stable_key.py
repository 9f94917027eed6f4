"""`models/<name>/model.tar.gz`: a copy under a key that never changes, for callers that do not handle versions."""

from __future__ import annotations

from imgcls.contract import keys
from lambdas.common import s3
from lambdas.common.clients import client

_TARGET, _OVERWROTE = "target-model", "overwrote"


def write(bucket: str, name: str, target_model: str) -> bool:
    """Copy the version over the stable key. True if it replaced another version, which endpoints may have cached.

    Both facts are in the object's metadata, so that a retry after the copy gives the same answer.
    """
    key = keys.model(name)
    present = s3.head(bucket, key)
    if present and present["Metadata"].get(_TARGET) == target_model:
        return bool(present["Metadata"].get(_OVERWROTE) == "true")
    client("s3").copy_object(
        Bucket=bucket,
        Key=key,
        CopySource={"Bucket": bucket, "Key": keys.MODELS + target_model},
        MetadataDirective="REPLACE",
        Metadata={_TARGET: target_model, _OVERWROTE: "true" if present else "false"},
    )
    return present is not None
