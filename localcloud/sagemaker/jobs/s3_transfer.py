"""Moves data between S3 and a job's directory as SageMaker does: prefixes in, folders and archives out."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

from boto3.s3.transfer import TransferConfig

from localcloud.context import Cloud
from localcloud.iam_audit.actions import Permission
from localcloud.sagemaker.clients import S3Client
from localcloud.sagemaker.jobs.hosts import Host
from localcloud.sagemaker.jobs.moto_s3 import read_object

_MULTIPART_BYTES = 8 << 20
_TRANSFER = TransferConfig(multipart_threshold=_MULTIPART_BYTES, use_threads=False)


class S3Source(TypedDict):
    """The fields that S3DataSource and S3Input have in common."""

    S3Uri: str
    S3DataDistributionType: NotRequired[str]


class NoObjectsError(LookupError):
    """There are no objects below an input prefix."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of an s3:// URI. A key may contain any character, `?` and `#` too."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key.lstrip("/")


def join_uri(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def relative_path(key: str, prefix: str) -> str:
    """The path of the object `key` below the folder that receives the prefix `prefix`.

    A key keeps its path below the prefix. A key that is the prefix, or continues its last name, keeps its path from the
    prefix's last slash on.
    """
    below = key[len(prefix) :]
    if below and (prefix == "" or prefix.endswith("/") or below.startswith("/")):
        return below.lstrip("/")
    return key[prefix.rfind("/") + 1 :]


class S3Transfer:
    """Transfers between this cloud's S3 and folders, with the role that a job runs under."""

    def __init__(self, cloud: Cloud, role: str | None) -> None:
        self._cloud = cloud
        self._role = role
        self.client: S3Client = cloud.client("s3", role)

    def keys(self, uri: str) -> Iterator[str]:
        """The keys under the key prefix `uri`, including the folder markers of the S3 console, in order."""
        bucket, prefix = split_uri(uri)
        for listing in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in listing.get("Contents", []):
                yield entry["Key"]

    def download_prefix(self, uri: str, target: Path, share: tuple[int, int] = (0, 1)) -> int:
        """Put the objects under the key prefix `uri` into the folder `target`; returns how many there are.

        share: (index, count) takes only every count-th object, starting at number `index`, in the order of their keys.
        """
        bucket, prefix = split_uri(uri)
        target.mkdir(parents=True, exist_ok=True)
        index, count = share
        total = 0
        for key in self.keys(uri):
            is_mine = total % count == index
            total += 1
            if is_mine and not key.endswith("/"):
                self._download(bucket, key, target / relative_path(key, prefix))
        return total

    def download_input(self, source: S3Source, target: Path, host: Host) -> None:
        """Put the objects of `source`, or this host's share of them, into the folder `target`.

        NoObjectsError, with the service's message, if there are none.
        """
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        if self.download_prefix(source["S3Uri"], target, host.share if sharded else (0, 1)) == 0:
            raise NoObjectsError(f"S3 key: {source['S3Uri']} matched no files on s3")

    def _download(self, bucket: str, key: str, path: Path) -> None:
        content = read_object(self._cloud.account_id, bucket, key)
        if self._role is not None:
            self._cloud.calls.note(self._role, [Permission("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")])
        if content is None:
            raise NoObjectsError(f"S3 key: s3://{bucket}/{key} was deleted while the job read it")
        path.parent.mkdir(parents=True, exist_ok=True)
        content.save(path)

    def upload_file(self, path: Path, uri: str) -> None:
        bucket, key = split_uri(uri)
        if path.stat().st_size < _MULTIPART_BYTES:
            self.client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        else:
            self.client.upload_file(str(path), bucket, key, Config=_TRANSFER)

    def upload_folders(self, folders: Sequence[Path], uri: str) -> None:
        """Upload every file below `folders`, merged, to the prefix `uri`."""
        for name, path in merged(folders).items():
            if path.is_file():
                self.upload_file(path, join_uri(uri, name))

    def upload_archive(self, folders: Sequence[Path], uri: str) -> None:
        """Upload the content of `folders`, merged, as one tar.gz to `uri`."""
        archive = folders[0].with_name(folders[0].name + ".tar.gz")
        # Not compressed: weights hardly shrink, and the bucket is on this machine's own disk.
        with tarfile.open(archive, "w:gz", compresslevel=0) as tar:
            for name, path in merged(folders).items():
                tar.add(path, arcname=name, recursive=False)
        self.upload_file(archive, uri)
        archive.unlink()


def merged(folders: Sequence[Path]) -> dict[str, Path]:
    """Relative name -> path of everything below `folders`, sorted; if two have one name, the earlier folder counts."""
    entries = {path.relative_to(folder).as_posix(): path for folder in reversed(folders) for path in folder.rglob("*")}
    return dict(sorted(entries.items()))


class FolderSync:
    """Copies new and changed files of a folder to S3 with each sync(); files that exist at first count as copied."""

    def __init__(self, transfer: S3Transfer, folder: Path, uri: str) -> None:
        self._transfer = transfer
        self._folder = folder
        self._uri = uri
        self._seen = self._states()

    def _states(self) -> dict[Path, tuple[int, int]]:
        states = {}
        for path in self._folder.rglob("*"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # the script renamed or removed it after it was listed
                continue
            if path.is_file():
                states[path] = (stat.st_mtime_ns, stat.st_size)
        return states

    def sync(self) -> None:
        for path, state in self._states().items():
            if self._seen.get(path) == state:
                continue
            try:
                self._transfer.upload_file(path, join_uri(self._uri, path.relative_to(self._folder).as_posix()))
            except FileNotFoundError:
                continue
            self._seen[path] = state
