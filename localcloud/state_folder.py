"""The state directory: for its owner alone, with the secret that all keys of this cloud are made of."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from localcloud.access.keys import SIZE, Key

SECRET = "secret"  # noqa: S105
CREDENTIALS = "credentials"


def prepare(root: Path) -> None:
    """Make the folder, or narrow one that others can read. Raises ValueError for a folder of another user."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = root.stat()
    if found.st_uid != os.getuid():
        raise ValueError(f"{root} belongs to another user: choose another --root")
    if found.st_mode & 0o077:
        root.chmod(0o700)


def secret(root: Path) -> bytes:
    """The state's secret; made with the state, and kept until the folder is forgotten."""
    path = root / SECRET
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return _new_secret(path)
    with open(file, "rb") as opened:
        found, status = opened.read(), os.fstat(file)
    # What others could read is not a secret any more.
    kept = len(found) == SIZE and not stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid == os.getuid()
    return found if kept else _new_secret(path)


def _new_secret(path: Path) -> bytes:
    made = secrets.token_bytes(SIZE)
    write_private(path, made)
    return made


def write_credentials(root: Path, key: Key) -> None:
    """The developer's key, as a file that AWS_SHARED_CREDENTIALS_FILE may name."""
    lines = (
        "[default]",
        f"aws_access_key_id = {key.id}",
        f"aws_secret_access_key = {key.secret}",
        f"aws_session_token = {key.token}",
    )
    write_private(root / CREDENTIALS, "\n".join((*lines, "")).encode())


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from the first moment; what was there is replaced as a whole."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
    new.replace(path)
