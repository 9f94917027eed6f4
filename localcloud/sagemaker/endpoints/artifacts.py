"""Model archives on this machine: downloaded once a fleet, unpacked without trust."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localcloud.errors import AwsError
from localcloud.sagemaker.endpoints.metrics import VariantMetrics

_COPY_BYTES = 1024 * 1024


class UnsafeArchive(Exception):
    """An archive that must not be unpacked; the message says why."""


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    folder: Path | None = None


class Artifacts:
    """The unpacked archives of one fleet.

    As in AWS, an object that is overwritten after its first download stays as it was until the fleet is replaced.
    """

    def __init__(self, s3: Any, root: Path, max_unpacked_bytes: int, metrics: VariantMetrics) -> None:
        self._s3 = s3
        self._root = root
        self._limit = max_unpacked_bytes
        self._metrics = metrics
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._lock = threading.Lock()

    def folder(self, bucket: str, key: str) -> Path:
        """The unpacked archive. AwsError ValidationError when there is no such object or it is no sound archive."""
        with self._lock:
            entry = self._entries.setdefault((bucket, key), _Entry())
        with entry.lock:
            if entry.folder is None:
                entry.folder = self._fetch(bucket, key)
            return entry.folder

    def opaque_name(self, bucket: str, key: str) -> str:
        """How the container is told to call a model: nothing of the key shows."""
        return hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest()[:32]

    def close(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    def _fetch(self, bucket: str, key: str) -> Path:
        self.check_exists(bucket, key)
        home = self._root / self.opaque_name(bucket, key)
        shutil.rmtree(home, ignore_errors=True)  # what a failed attempt left
        home.mkdir(parents=True)
        archive, folder = home / "archive", home / "model"
        started = time.perf_counter()
        self._s3.download_file(bucket, key, str(archive))
        self._metrics.duration("ModelDownloadingTime", time.perf_counter() - started)
        try:
            unpack(archive, folder, self._limit)
        except (UnsafeArchive, tarfile.TarError, EOFError, OSError) as error:
            shutil.rmtree(home)
            raise AwsError(
                "ValidationError",
                f'Failed to extract model data archive from URL "s3://{bucket}/{key}": {error}. '
                "Please ensure that the object located at the URL is a valid tar.gz archive.",
            ) from error
        archive.unlink()
        return folder

    def check_exists(self, bucket: str, key: str) -> None:
        """Raise the service's ValidationError when there is no such object."""
        try:
            self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise AwsError(
                "ValidationError",
                f"Failed to download model data(bucket: {bucket}, key: {key}). Please ensure that there is an object "
                "located at the URL and that the role passed to CreateModel has permissions to download the model.",
            ) from error


def unpack(archive: Path, folder: Path, max_bytes: int) -> None:
    """Unpack a tar archive of plain files and folders; UnsafeArchive for anything else in it."""
    folder.mkdir()
    left = max_bytes
    with tarfile.open(archive) as members:
        for member in _safe_members(members):
            left -= member.size
            if left < 0:
                raise UnsafeArchive(f"it holds more than {max_bytes} bytes")
            target = folder / member.name
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source = members.extractfile(member)
            if source is None:
                raise UnsafeArchive(f"{member.name} has no content")
            with source, target.open("xb") as copy:
                shutil.copyfileobj(source, copy, _COPY_BYTES)


def _safe_members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in archive:
        if not (member.isreg() or member.isdir()):
            raise UnsafeArchive(f"{member.name} is neither a file nor a folder")
        member.name = os.path.normpath(member.name)
        if member.name.startswith(("/", "..")) or "\0" in member.name:
            raise UnsafeArchive(f"{member.name} leads outside of the archive")
        yield member
