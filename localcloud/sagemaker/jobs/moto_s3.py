"""Reads S3 objects from the records without HTTP: the input of a job may be thousands of files."""

from __future__ import annotations

from localcloud.s3 import records
from localcloud.s3.content import Content


def read_object(account_id: str, bucket: str, key: str) -> Content | None:
    """The current content of an object; None if it does not exist."""
    with records.LOCK:
        stored = records.find(account_id, bucket, key)
        return None if stored is None else records.content_of(stored)
