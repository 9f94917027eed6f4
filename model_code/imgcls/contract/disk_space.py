"""A full disk in one sentence, whoever wrote: Python, a native library, or a temporary folder that cannot be made."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TEXTS = ("No space left on device", "os error 28", "No usable temporary directory")
"""Of native libraries, which raise types of their own; the last is tempfile's."""
MARGIN_BYTES = 1_000_000


class DiskFull(RuntimeError):
    """The message is one sentence that says what to do."""


def sentence(error: BaseException) -> str | None:
    """What to tell of an error that a full disk caused; None for any other."""
    number = error.errno if isinstance(error, OSError) else None
    if number not in _NUMBERS and not any(text in str(error) for text in _TEXTS):
        return None
    name = getattr(error, "filename", None)
    return (
        f"the disk is full{f' at {name}' if name else ''}: free some space or take a larger volume, then start again; "
        "what was finished before is whole"
    )


@contextmanager
def told() -> Iterator[None]:
    """Turn the error of a full disk into DiskFull."""
    try:
        yield
    except Exception as error:
        if (said := sentence(error)) is None:
            raise
        raise DiskFull(said) from error


def require(folder: Path, num_bytes: int, what: str) -> None:
    """Raises DiskFull if the disk of `folder` has no room for `num_bytes` more, before any is written."""
    free = shutil.disk_usage(folder).free
    if free < num_bytes + MARGIN_BYTES:
        raise DiskFull(
            f"{what} needs {num_bytes / 1e6:,.1f} MB and {folder} has {free / 1e6:,.1f} MB free: free some space or "
            "take a larger volume, then start again; what was finished before is whole"
        )
