"""The record of the running local cloud, by which every other command finds it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from kennel.errors import KennelError
from kennel.workspace import clone

REGION = "us-east-1"


@dataclass(frozen=True)
class LocalRecord:
    """`.kennel/local.json`: a running local cloud. `root` is its state directory."""

    pid: int
    port: int
    root: str

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def variables(self) -> dict[str, str]:
        """The AWS_* variables that lead any AWS client to it and to nowhere else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        }

    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def path() -> Path:
    return clone.home() / "local.json"


def read() -> LocalRecord | None:
    """The record, or None when no local cloud runs. A record whose process is gone is removed."""
    try:
        record = LocalRecord(**json.loads(path().read_text()))
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, TypeError):
        raise KennelError(f"{path()} cannot be read: remove it and run `kennel local up`") from None
    if not record.alive():
        path().unlink(missing_ok=True)
        return None
    return record


def require() -> LocalRecord:
    """The record. Raises KennelError when no local cloud runs."""
    record = read()
    if record is None:
        raise KennelError("the local cloud is not running: start it with `kennel local up`")
    return record


def write(record: LocalRecord) -> None:
    path().parent.mkdir(parents=True, exist_ok=True)
    path().write_text(json.dumps(asdict(record)) + "\n")
