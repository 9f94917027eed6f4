"""The record of the running local cloud, by which every other command finds it."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import psutil

from kennel.cloud import local_state
from kennel.errors import KennelError
from kennel.workspace import clone

REGION = "us-east-1"
_START_SECONDS = 5.0
"""By so much the start of one process may differ between two looks: it is computed from the clock and the uptime."""


@dataclass(frozen=True)
class LocalRecord:
    """`local.json`: a running local cloud.

    started: of the process, in seconds since 1970. root: its state directory. token: what the directory's marker says.
    """

    pid: int
    started: float
    executable: str
    port: int
    root: str
    token: str

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def credentials(self) -> dict[str, str]:
        """The developer's key, by the names that boto3's clients and sessions take. Raises KennelError."""
        path = Path(self.root) / "credentials"
        parser = configparser.RawConfigParser()
        if not parser.read(path):
            raise KennelError(f"{path} is missing: run `kennel local down`, then `kennel local up`")
        return dict(parser["default"])

    def variables(self) -> dict[str, str]:
        """The AWS_* variables that lead any AWS client to it and to nowhere else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            **{name.upper(): value for name, value in self.credentials().items()},
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
            **_past_proxies(),
        }

    def process(self) -> psutil.Process | None:
        """The process, while it is the one that `kennel local up` started for this state directory."""
        try:
            found = psutil.Process(self.pid)
            ours = (
                abs(found.create_time() - self.started) < _START_SECONDS
                and found.status() != psutil.STATUS_ZOMBIE
                and found.exe() == self.executable
                and found.cmdline()[1:] == command(self.root, _option(found.cmdline(), "--port"))[1:]
            )
        except psutil.Error:
            return None
        return found if ours else None


def leads_elsewhere(name: str) -> bool:
    """Whether a variable of a shell leads AWS clients past those of `LocalRecord.variables`."""
    return name.startswith("AWS_ENDPOINT_URL_") or name in (
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    )


def _past_proxies() -> dict[str, str]:
    """A proxy would get the requests, with their session tokens, and reach nothing. Clients read either spelling."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = ",".join(dict.fromkeys([*filter(None, given.split(",")), "localhost", "127.0.0.1"]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def command(root: str, port: str) -> list[str]:
    """How `kennel local up` starts the local cloud."""
    images = str(Path(root) / local_state.IMAGES)
    return [sys.executable, "-m", "localcloud", "--port", port, "--root", root, "--images", images]


def sweep(root: str) -> None:
    """End what a local cloud that was killed left behind: by its file, as importing the package takes a second."""
    program = clone.ROOT / "localcloud" / "isolation" / "leftovers.py"
    subprocess.run([sys.executable, str(program), root], check=False)


def _option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1] if name in arguments[:-1] else ""


def path() -> Path:
    return clone.home() / "local.json"


def read() -> LocalRecord | None:
    """The record, or None when no local cloud runs. A record whose process is gone is removed."""
    try:
        record = _parsed(path().read_text())
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise KennelError(
            f"{path()} cannot be read, or is of another version: end the local cloud that it names if one runs, "
            "remove it and run `kennel local up`"
        ) from None
    if record.process() is None:
        path().unlink(missing_ok=True)
        return None
    if local_state.token(Path(record.root)) != record.token:
        raise KennelError(
            f"{path()} does not belong to {record.root}, whose marker says another token: end the process "
            f"{record.pid} if it is a local cloud of yours, and remove the file"
        )
    return record


def _parsed(text: str) -> LocalRecord:
    """Raises ValueError or TypeError."""
    record = LocalRecord(**json.loads(text))
    types = (int, float, str, int, str, str)
    if not all(isinstance(*pair) for pair in zip(astuple(record), types, strict=True)) or record.pid < 1:
        raise ValueError("a field has another type")
    return record


def require() -> LocalRecord:
    """The record. Raises KennelError when no local cloud runs."""
    record = read()
    if record is None:
        raise KennelError("the local cloud is not running: start it with `kennel local up`")
    return record


def write(pid: int, port: int, root: Path, token: str) -> LocalRecord:
    """Record a process that `up` has just started."""
    process = psutil.Process(pid)
    record = LocalRecord(pid, process.create_time(), process.exe(), port, str(root), token)
    local_state.write_private(path(), json.dumps(asdict(record)) + "\n")
    return record
