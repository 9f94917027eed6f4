"""Model archives of one fleet: each is downloaded and unpacked once."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from localcloud.errors import AwsError
from localcloud.sagemaker.clients import S3Client
from localcloud.sagemaker.containers.model_archive import UnsafeArchive, unpack
from localcloud.sagemaker.endpoints.metrics import VariantMetrics


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    folder: Path | None = None


class ArchiveCache:
    """The unpacked archives of one fleet.

    As in AWS, the fleet keeps serving the first download of an object, even if the object is overwritten.
    """

    def __init__(self, s3: S3Client, root: Path, max_unpacked_bytes: int, metrics: VariantMetrics) -> None:
        self._s3 = s3
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self._limit = max_unpacked_bytes
        self._metrics = metrics
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._lock = threading.Lock()

    def folder(self, bucket: str, key: str) -> Path:
        """The unpacked archive; AwsError ValidationError if the object does not exist or is not a valid archive."""
        with self._lock:
            entry = self._entries.setdefault((bucket, key), _Entry())
        with entry.lock:
            if entry.folder is None:
                entry.folder = self._fetch(bucket, key)
            return entry.folder

    def opaque_name(self, bucket: str, key: str) -> str:
        """The name by which the container knows a model; it reveals nothing of the key."""
        return hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest()[:32]

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def _fetch(self, bucket: str, key: str) -> Path:
        self.check_exists(bucket, key)
        home = self.root / self.opaque_name(bucket, key)
        shutil.rmtree(home, ignore_errors=True)  # left by a failed attempt
        home.mkdir(parents=True)
        archive, folder = home / "archive", home / "model"
        started = time.perf_counter()
        self._s3.download_file(bucket, key, str(archive))
        self._metrics.duration("ModelDownloadingTime", time.perf_counter() - started)
        try:
            unpack(archive, folder, self._limit)
        except (UnsafeArchive, OSError) as error:
            shutil.rmtree(home)
            raise AwsError(
                "ValidationError",
                f'Failed to extract model data archive from URL "s3://{bucket}/{key}": {error}. '
                "Please ensure that the object located at the URL is a valid tar.gz archive.",
            ) from error
        archive.unlink()
        return folder

    def check_exists(self, bucket: str, key: str) -> None:
        """Raise the service's ValidationError if the object does not exist."""
        try:
            self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise AwsError(
                "ValidationError",
                f"Failed to download model data(bucket: {bucket}, key: {key}). Please ensure that there is an object "
                "located at the URL and that the role passed to CreateModel has permissions to download the model.",
            ) from error
