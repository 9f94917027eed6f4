"""Copy a candidate to its immutable key, which is never overwritten, and the images of its smoke test beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imgcls.contract.evaluation import GOLDEN_FILE, parse_golden
from lambdas.common import s3
from lambdas.common.clients import client
from lambdas.common.errors import Refused

CHUNK_BYTES = 8 * 1024 * 1024


class ArtifactConflict(RuntimeError):
    """The object at the immutable key has other bytes than the candidate."""


@dataclass(frozen=True)
class Copied:
    """`sha256` of the object at the immutable key, in hex. `copied` is False if it existed already."""

    sha256: str
    copied: bool


def stage(bucket: str, source: str, target: str, *, expected: str | None = None) -> Copied:
    """Raises ArtifactConflict if `target` has other bytes, before or after the copy.

    `expected`: the SHA-256 that `source` must have. Raises Refused for another.
    """
    found = sha256_of(bucket, source)
    if expected and found != expected:
        raise Refused(f"{source} has the SHA-256 {found}, not {expected}, which was to be promoted: promote it again")
    copied = not s3.exists(bucket, target) and s3.copy_if_absent(bucket, source, target)
    actual = sha256_of(bucket, target)
    if actual != found:
        raise ArtifactConflict(
            f"{target} has other bytes (SHA-256 {actual[:12]}) than the candidate ({found[:12]}), and a version is "
            "never overwritten: train again"
        )
    return Copied(actual, copied)


def copy_golden(bucket: str, source: str, target: str) -> None:
    """The golden images outlive their run with the version, which may be tested weeks later. A retry copies again."""
    images = parse_golden(s3.read_text(bucket, source + GOLDEN_FILE))
    for name in (GOLDEN_FILE, *(image.file for image in images)):
        client("s3").copy_object(Bucket=bucket, Key=target + name, CopySource={"Bucket": bucket, "Key": source + name})


def sha256_of(bucket: str, key: str) -> str:
    """Of the object's bytes in hex, read in chunks."""
    digest = hashlib.sha256()
    for chunk in _chunks(client("s3").get_object(Bucket=bucket, Key=key)["Body"]):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(body: Any) -> Iterator[bytes]:
    while chunk := body.read(CHUNK_BYTES):
        yield chunk
