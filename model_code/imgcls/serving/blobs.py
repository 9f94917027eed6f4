"""Cache of compiled graphs: a model that was unloaded does not have to be compiled again for its next load.

The files have no names, so nobody else can write one or be given one, and they disappear with the process, however it
ends.
"""

from __future__ import annotations

import logging
import mmap
import tempfile
import threading
from collections import OrderedDict
from functools import cache
from typing import IO

from imgcls.serving.context import settings

MAX_BLOBS = 128
"""Each one keeps a file open."""

_log = logging.getLogger("kennel.serving")


class BlobCache:
    """Bytes by key on disk, at most `max_bytes`; the least recently used are dropped first. Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._files: OrderedDict[str, tuple[IO[bytes], int]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def num_bytes(self) -> int:
        return sum(size for _, size in self._files.values())

    def __contains__(self, key: str) -> bool:
        return key in self._files

    def get(self, key: str) -> mmap.mmap | None:
        """The blob, mapped into memory, or None. The mapping stays valid after the blob was dropped from the cache."""
        with self._lock:
            if key not in self._files:
                return None
            self._files.move_to_end(key)
            file, size = self._files[key]
            # Copy-on-write, as OpenVINO accepts writable memory only; nothing is ever written.
            return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)

    def put(self, key: str, blob: bytes | memoryview) -> None:
        """Keep a blob if there is room for it. If the disk cannot, that is a warning in the log only."""
        if len(blob) > self._max_bytes:
            return
        try:
            file = tempfile.TemporaryFile(prefix="kennel-")  # noqa: SIM115 - closed when the blob is dropped
            file.write(blob)
            file.flush()
        except OSError as error:
            _log.warning("a compiled model cannot be kept for its next load: %s", error)
            return
        with self._lock:
            replaced = self._files.pop(key, None)
            if replaced:
                replaced[0].close()
            self._files[key] = (file, len(blob))
            while len(self._files) > MAX_BLOBS or self.num_bytes > self._max_bytes:
                _, (oldest, _) = self._files.popitem(last=False)
                oldest.close()


@cache
def shared() -> BlobCache | None:
    """The process's cache; None if the settings switch it off."""
    limit = settings().max_blob_bytes
    return BlobCache(limit) if limit else None
