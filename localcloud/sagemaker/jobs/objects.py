"""Data between S3 and a job's directory, as SageMaker moves it: prefixes in, folders and archives out."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from boto3.s3.transfer import TransferConfig

from localcloud.context import Cloud
from localcloud.iam_audit.actions import Permission
from localcloud.sagemaker.jobs.hosts import Host
from localcloud.sagemaker.jobs.moto_objects import read_object

_MULTIPART_BYTES = 8 << 20
_TRANSFER = TransferConfig(multipart_threshold=_MULTIPART_BYTES, use_threads=False)


class NoObjectsError(LookupError):
    """An input prefix that holds nothing."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of an s3:// URI."""
    parts = urlparse(uri, allow_fragments=False)
    return parts.netloc, parts.path.lstrip("/")


def join_uri(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def relative_path(key: str, prefix: str) -> str:
    """Where the object `key` of the prefix `prefix` lands below the folder that receives the prefix.

    A key keeps its path below the prefix; one that only begins like it, or is it, keeps its path from the last slash of
    the prefix on.
    """
    below = key[len(prefix) :]
    if below and (prefix == "" or prefix.endswith("/") or below.startswith("/")):
        return below.lstrip("/")
    return key[prefix.rfind("/") + 1 :]


class Objects:
    """Transfers between this cloud's S3 and folders, as the role that a job runs under."""

    def __init__(self, cloud: Cloud, role: str | None = None) -> None:
        self._cloud = cloud
        self._role = role
        self._s3 = cloud.client("s3", role)

    def download_prefix(self, uri: str, target: Path, share: tuple[int, int] = (0, 1)) -> int:
        """Put the objects under the key prefix `uri` into the folder `target`; returns how many there are.

        share: (index, count) takes only every count-th object, from number `index` on, in the order of their keys.
        """
        bucket, prefix = split_uri(uri)
        target.mkdir(parents=True, exist_ok=True)
        index, count = share
        total = 0
        for listing in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in listing.get("Contents", []):
                is_mine = total % count == index
                total += 1
                if is_mine and not entry["Key"].endswith("/"):  # a folder marker of the S3 console
                    self._download(bucket, entry["Key"], target / relative_path(entry["Key"], prefix))
        return total

    def download_input(self, source: Mapping[str, Any], target: Path, host: Host) -> None:
        """Put what `source` (an S3DataSource or S3Input) holds, or this host's share of it, into the folder `target`.

        NoObjectsError, in the service's words, when nothing matches.
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
        path.write_bytes(content)

    def upload_file(self, path: Path, uri: str) -> None:
        bucket, key = split_uri(uri)
        if path.stat().st_size < _MULTIPART_BYTES:
            self._s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        else:
            self._s3.upload_file(str(path), bucket, key, Config=_TRANSFER)

    def upload_folders(self, folders: Sequence[Path], uri: str) -> None:
        """Every file below `folders`, merged, under the prefix `uri`."""
        for name, path in merged(folders).items():
            if path.is_file():
                self.upload_file(path, join_uri(uri, name))

    def upload_archive(self, folders: Sequence[Path], uri: str) -> None:
        """The content of `folders`, merged, as one tar.gz at `uri`."""
        archive = folders[0].with_name(folders[0].name + ".tar.gz")
        # Stored, not deflated: weights hardly shrink and the bucket is on this machine's own disk.
        with tarfile.open(archive, "w:gz", compresslevel=0) as tar:
            for name, path in merged(folders).items():
                tar.add(path, arcname=name, recursive=False)
        self.upload_file(archive, uri)
        archive.unlink()


def merged(folders: Sequence[Path]) -> dict[str, Path]:
    """Relative name -> path of everything below `folders`, sorted; of two with one name, that of the earlier folder."""
    entries = {path.relative_to(folder).as_posix(): path for folder in reversed(folders) for path in folder.rglob("*")}
    return dict(sorted(entries.items()))


class FolderSync:
    """Copies new and changed files of a folder to S3 each time it is asked; what is there at first counts as copied."""

    def __init__(self, objects: Objects, folder: Path, uri: str) -> None:
        self._objects = objects
        self._folder = folder
        self._uri = uri
        self._seen = self._states()

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
                self._objects.upload_file(path, join_uri(self._uri, path.relative_to(self._folder).as_posix()))
            except FileNotFoundError:
                continue
            self._seen[path] = state
