"""Data sets in the data bucket: upload a folder, only what is missing or changed, verified by the service."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract import image_files, keys
from imgcls.contract.failures import service_errors
from imgcls.contract.image_files import ListingError
from kennel.errors import KennelError

THREADS = 16


@dataclass(frozen=True)
class Upload:
    """`extra`: objects of the data set that the folder does not hold. `notes`: what was left out, in sentences."""

    uri: str
    sent: int
    unchanged: int
    bytes_sent: int
    extra: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Images:
    """`paths` are relative to the folder, with slashes, sorted; `notes` are sentences on what was left out."""

    paths: tuple[str, ...]
    notes: tuple[str, ...]


def images(folder: Path, expected: str = "images in class folders") -> Images:
    """The images of a folder, by the rule that all commands share.

    Raises KennelError when there are none, or when a name cannot be a key: before anything is sent.
    """
    if not folder.is_dir():
        raise KennelError(f"{folder} is not a folder: give a folder of {expected}")
    try:
        paths, notes = image_files.images(folder)
    except ListingError as error:
        raise KennelError(str(error)) from None
    if not paths:
        raise KennelError("; ".join([f"{folder} contains no image: {expected} are expected", *notes]))
    return Images(tuple(paths), notes)


def upload(
    s3: Any,
    bucket: str,
    folder: Path,
    dataset: str,
    *,
    progress: Callable[[int, int], None] = lambda number, size: None,
) -> Upload:
    """Upload `folder` to the data set's prefix. `progress(files, bytes)` is called as files are done.

    A file is sent unless an object of its size and SHA-256 is there. The service checks the SHA-256 of what it gets,
    so an upload that was interrupted is completed by running it again.
    """
    if not keys.NAME.fullmatch(dataset):
        raise KennelError(f"{dataset!r} is not a data set name: use lower case letters, digits and hyphens")
    found = images(folder)
    prefix = keys.dataset(dataset)
    present = {item["Key"]: item["Size"] for item in _objects(s3, bucket, prefix)}

    def send(path: str) -> int | None:
        key, body = prefix + path, read(folder / path)
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if present.get(key) == len(body) and _checksum(s3, bucket, key) == checksum:
            return None
        s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum)
        return len(body)

    sent = []
    with ThreadPoolExecutor(THREADS) as pool:
        for path, size in zip(found.paths, pool.map(send, found.paths), strict=True):
            sent.append(size)
            progress(1, (folder / path).stat().st_size)
    done = [size for size in sent if size is not None]
    extra = set(present) - {prefix + path for path in found.paths}
    return Upload(keys.uri(bucket, prefix), len(done), len(sent) - len(done), sum(done), len(extra), found.notes)


def read(path: Path) -> bytes:
    """Raises KennelError for a file that went away or may not be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise KennelError(f"{path} cannot be read: {error.strerror}") from None


def _objects(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def _checksum(s3: Any, bucket: str, key: str) -> str | None:
    try:
        checksum: str | None = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED").get("ChecksumSHA256")
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
        return None
    return checksum
