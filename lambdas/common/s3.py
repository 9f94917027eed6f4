"""Reading and writing objects in S3."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract import keys
from imgcls.contract.failures import service_errors
from imgcls.contract.image_files import is_litter
from lambdas.common import bounded
from lambdas.common.clients import client


def exists(bucket: str, key: str) -> bool:
    """Whether the object exists; other errors are raised."""
    return head(bucket, key) is not None


def head(bucket: str, key: str) -> dict[str, Any] | None:
    """HeadObject's answer, or None if the object does not exist."""
    try:
        answer: dict[str, Any] = client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return None
        raise
    return answer


def read(bucket: str, key: str, max_bytes: int = bounded.MAX_BYTES) -> tuple[bytes, str] | None:
    """(content, ETag) of an object, or None if it does not exist. Raises Refused for a larger one."""
    try:
        answer = client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return None
        raise
    return bounded.read(answer["Body"], keys.uri(bucket, key), max_bytes), answer["ETag"]


def read_bytes(bucket: str, key: str, max_bytes: int = bounded.MAX_BYTES) -> bytes:
    """Raises FileNotFoundError naming the URI, and Refused for a larger object."""
    found = read(bucket, key, max_bytes)
    if found is None:
        raise FileNotFoundError(f"{keys.uri(bucket, key)} does not exist")
    return found[0]


def read_text(bucket: str, key: str) -> str:
    """Raises FileNotFoundError naming the URI."""
    return read_bytes(bucket, key).decode()


def read_json(bucket: str, key: str) -> Any:
    """Raises FileNotFoundError naming the URI."""
    return json.loads(read_text(bucket, key))


def write_json(bucket: str, key: str, value: Any) -> None:
    body = json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
    client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def copy_if_absent(bucket: str, source: str, target: str) -> bool:
    """CopyObject on the condition that nothing is at `target`: of two at the same time, only one writes the key.

    False if there is something. The condition is set as its header, because the botocore of Lambda's Python runtime,
    1.40.4 where it was seen last, is older than CopyObject's parameter IfNoneMatch and refuses it. To pack a newer one
    would add 15 MB to the functions' archive of 0.1 MB.
    """
    s3 = client("s3")
    s3.meta.events.register("before-call.s3.CopyObject", _require_absence)
    try:
        s3.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": source})
    except ClientError as error:
        if not service_errors.is_conflict(error.response):
            raise
        return False
    finally:
        s3.meta.events.unregister("before-call.s3.CopyObject", _require_absence)
    return True


def _require_absence(params: dict[str, Any], **_: Any) -> None:
    params["headers"]["If-None-Match"] = "*"


def folders(bucket: str, prefix: str) -> list[str]:
    """Names of the folders right below a prefix that may be class folders."""
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    found = bounded.items((item["Prefix"] for page in pages for item in page.get("CommonPrefixes", ())), "classes")
    names = [folder.removeprefix(prefix).rstrip("/") for folder in found]
    return [name for name in names if not is_litter(name)]


def has_objects(bucket: str, prefix: str) -> bool:
    """Whether there is an object with content below the prefix. An empty folder marker does not count."""
    answer = client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=10)
    return any(item["Size"] > 0 for item in answer.get("Contents", []))
