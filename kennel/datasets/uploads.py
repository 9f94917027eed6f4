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

from imgcls.contract import keys
from imgcls.contract.failures import service_errors
from kennel.errors import KennelError

THREADS = 16
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Upload:
    """`extra`: objects of the data set that the folder does not hold."""

    uri: str
    sent: int
    unchanged: int
    bytes_sent: int
    extra: int


def files(folder: Path) -> list[Path]:
    """The files of a data set folder, hidden ones left out, sorted. Raises KennelError when there are none."""
    if not folder.is_dir():
        raise KennelError(
            f"{folder} is not a folder: give the folder that holds train/ valid/ test/ or the class folders"
        )
    found = [p for p in sorted(folder.rglob("*")) if p.is_file() and not _hidden(p.relative_to(folder))]
    if not any(p.suffix.lower() in IMAGE_SUFFIXES for p in found):
        raise KennelError(
            f"{folder} contains no image: class folders of {', '.join(sorted(IMAGE_SUFFIXES))} are expected"
        )
    return found


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
    paths = files(folder)
    prefix = keys.dataset(dataset)
    present = {item["Key"]: item["Size"] for item in _objects(s3, bucket, prefix)}

    def send(path: Path) -> int | None:
        key, body = prefix + path.relative_to(folder).as_posix(), path.read_bytes()
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if present.get(key) == len(body) and _checksum(s3, bucket, key) == checksum:
            return None
        s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum)
        return len(body)

    sent = []
    with ThreadPoolExecutor(THREADS) as pool:
        for path, size in zip(paths, pool.map(send, paths), strict=True):
            sent.append(size)
            progress(1, path.stat().st_size)
    done = [size for size in sent if size is not None]
    local = {prefix + path.relative_to(folder).as_posix() for path in paths}
    return Upload(keys.uri(bucket, prefix), len(done), len(paths) - len(done), sum(done), len(set(present) - local))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


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
