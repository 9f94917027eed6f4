"""Alias documents in S3: read with their ETag, written only if they have not changed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable

from botocore.exceptions import ClientError

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.failures import service_errors
from lambdas.common import s3
from lambdas.common.clients import client
from lambdas.common.errors import NotReady

ATTEMPTS = 5


def read(bucket: str, name: str) -> Alias | None:
    return _read(bucket, name)[0]


def change(bucket: str, name: str, move: Callable[[Alias | None], Alias]) -> Alias:
    """Apply `move` to the alias and write the result. If another writer comes first, read it and apply `move` again.

    Raises NotReady after ATTEMPTS such conflicts.
    """
    for _ in range(ATTEMPTS):
        before, etag = _read(bucket, name)
        after = move(before)
        if after == before or _write(bucket, after, etag):
            return after
    raise NotReady(f"others wrote the alias of {name} {ATTEMPTS} times meanwhile: publish again")


def _read(bucket: str, name: str) -> tuple[Alias | None, str | None]:
    found = s3.read(bucket, keys.alias(name))
    if found is None:
        return None, None
    return Alias.from_dict(json.loads(found[0])), found[1]


def _write(bucket: str, alias: Alias, etag: str | None) -> bool:
    condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
    body = json.dumps(alias.to_dict(), indent=1).encode() + b"\n"
    try:
        client("s3").put_object(
            Bucket=bucket, Key=keys.alias(alias.name), Body=body, ContentType="application/json", **condition
        )
    except ClientError as error:
        if not service_errors.is_conflict(error.response):
            raise
        return False
    return True
