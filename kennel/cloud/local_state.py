"""The state directory of the local cloud: for its user alone, and deleted only where its marker says it is ours."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from kennel.errors import KennelError
from kennel.workspace import clone

MARKER = "kennel-local-cloud"
LOG = "localcloud.log"
IMAGES = "images.json"
_SECRET = "secret"  # noqa: S105 - of which localcloud makes its keys


def root() -> Path:
    return clone.home() / "cloud"


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold off every other `kennel local up` and `down` of this KENNEL_HOME, or wait until it is done."""
    _private(clone.home())
    with open(os.open(clone.home() / "local.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make() -> str:
    """Make the directory, empty but for the secret of the keys. Its new token. Raises KennelError if it is not ours."""
    folder = root()
    _private(clone.home())
    if folder.is_symlink() or (folder.exists() and not _is_ours(folder)):
        raise KennelError(f"{folder} was not made by `kennel local up`: move it away, or set KENNEL_HOME")
    _private(folder)
    clear(folder, _SECRET)
    token = secrets.token_hex(16)
    write_private(folder / MARKER, token)
    return token


def _private(folder: Path) -> None:
    """Make a folder that only its owner can enter, or narrow a wider one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def _is_ours(folder: Path) -> bool:
    # Older versions made no marker, but always these two.
    return bool(token(folder)) or not any(folder.iterdir()) or all((folder / name).is_file() for name in (LOG, IMAGES))


def token(folder: Path) -> str:
    """What the marker says; "" where there is none."""
    try:
        with open(os.open(folder / MARKER, os.O_RDONLY | os.O_NOFOLLOW)) as file:
            return file.read()
    except OSError:
        return ""


def clear(folder: Path, *kept: str) -> None:
    """Delete what is in the directory, but not the files of these names."""
    for path in folder.iterdir():
        if path.name in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def stop(folder: Path) -> None:
    """Delete what a stopped cloud left. Its records ended with it; its keys and its log stay."""
    clear(folder, _SECRET, MARKER, LOG)


def forget() -> bool:
    """Delete the directory with the keys. Whether there was one that we made."""
    folder = root()
    if folder.is_symlink() or not token(folder):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from the first moment; what was there is replaced as a whole."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(text)
    new.replace(path)
