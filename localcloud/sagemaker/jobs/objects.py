"""Data between S3 and a job's directory, as SageMaker moves it: prefixes in, folders and archives out."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from boto3.s3.transfer import TransferConfig

_TRANSFER = TransferConfig(use_threads=False)


class NoObjectsError(LookupError):
    """An input prefix that holds nothing."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of an s3:// URI."""
    parts = urlparse(uri, allow_fragments=False)
    return parts.netloc, parts.path.lstrip("/")


def join_uri(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def download_prefix(s3: Any, uri: str, target: Path) -> int:
    """Put every object under the key prefix `uri` into the folder `target`; returns how many.

    A key keeps its path below the prefix; the object whose key is the prefix itself keeps its file name.
    """
    bucket, prefix = split_uri(uri)
    target.mkdir(parents=True, exist_ok=True)
    count = 0
    for listing in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in listing.get("Contents", []):
            count += 1
            if not entry["Key"].endswith("/"):  # a folder marker of the S3 console
                _download(s3, bucket, entry["Key"], target / _relative(entry["Key"], prefix))
    return count


def download_input(s3: Any, uri: str, target: Path) -> None:
    """download_prefix for a job's input: NoObjectsError, in the service's words, when nothing matches."""
    if download_prefix(s3, uri, target) == 0:
        raise NoObjectsError(f"S3 key: {uri} matched no files on s3")


def _relative(key: str, prefix: str) -> str:
    below = key[len(prefix) :]
    if below and (prefix == "" or prefix.endswith("/") or below.startswith("/")):
        return below.lstrip("/")
    return key[prefix.rfind("/") + 1 :]


def _download(s3: Any, bucket: str, key: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:  # one GET; download_file would ask for the size first
        shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=key)["Body"], file, 1 << 20)


def upload_file(s3: Any, path: Path, uri: str) -> None:
    bucket, key = split_uri(uri)
    s3.upload_file(str(path), bucket, key, Config=_TRANSFER)


def upload_folder(s3: Any, folder: Path, uri: str) -> None:
    """Every file below `folder` under the prefix `uri`."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            upload_file(s3, path, join_uri(uri, path.relative_to(folder).as_posix()))


def upload_archive(s3: Any, folder: Path, uri: str) -> None:
    """`folder`'s content as one tar.gz at `uri`."""
    archive = folder.with_name(folder.name + ".tar.gz")
    # Stored, not deflated: weights hardly shrink and the bucket is on this machine's own disk.
    with tarfile.open(archive, "w:gz", compresslevel=0) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    try:
        upload_file(s3, archive, uri)
    finally:
        archive.unlink()


class FolderSync:
    """Copies new and changed files of a folder to S3 each time it is asked."""

    def __init__(self, s3: Any, folder: Path, uri: str) -> None:
        self._s3 = s3
        self._folder = folder
        self._uri = uri
        self._seen: dict[Path, tuple[int, int]] = self._states()

    def _states(self) -> dict[Path, tuple[int, int]]:
        states = {}
        for path in self._folder.rglob("*"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # renamed or removed by the script between listing and looking
                continue
            if path.is_file():
                states[path] = (stat.st_mtime_ns, stat.st_size)
        return states

    def sync(self) -> None:
        for path, state in self._states().items():
            if self._seen.get(path) == state:
                continue
            try:
                upload_file(self._s3, path, join_uri(self._uri, path.relative_to(self._folder).as_posix()))
            except FileNotFoundError:
                continue
            self._seen[path] = state
