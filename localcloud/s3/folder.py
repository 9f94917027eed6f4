"""Where the files of objects are: a folder per process, because another cloud may run on the same state directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def own_folder(place: Path) -> Iterator[Path]:
    """A folder in `place` while the block runs. Those of processes that are gone are removed."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for other in place.iterdir():
        with contextlib.suppress(BlockingIOError, FileNotFoundError), _locked(other):
            shutil.rmtree(other)
    own = Path(tempfile.mkdtemp(dir=place))
    with _locked(own):
        try:
            yield own
        finally:
            shutil.rmtree(own, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """BlockingIOError if a process has it; the lock ends with the process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
