"""The one error whose message is written for the user: what is wrong and how to fix it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class KennelError(Exception):
    """Printed as one sentence by the command line, exit code 1."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around writing what a user named. Raises KennelError where it cannot be; a full disk is left to the command."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise KennelError(f"{path} cannot be written: {error.strerror}") from None


def require_place(path: Path) -> None:
    """Raises KennelError where the file cannot be written for want of its folder: before work that would be lost."""
    if not path.absolute().parent.is_dir():
        raise KennelError(f"{path} cannot be written: {path.absolute().parent} is not a folder")
    if path.is_dir():
        raise KennelError(f"{path} cannot be written: it is a folder")
