"""Reads S3 objects from moto's records without HTTP: the input of a job may be thousands of files.

This is the only module of the package that touches moto; everything else goes through the API.
"""

from __future__ import annotations

from moto.s3.models import s3_backends


def read_object(account_id: str, bucket: str, key: str) -> bytes | None:
    """The current content of an object; None if it does not exist."""
    stored = s3_backends[account_id]["aws"].get_object(bucket, key)
    return None if stored is None else stored.value
