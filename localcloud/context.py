"""What every part of the local cloud shares: its address, its state directory and the clients bound to it."""

from __future__ import annotations

import fnmatch
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import Credentials

from localcloud.access.keys import SERVICE, SIZE, Key, Keyring
from localcloud.faults import Faults
from localcloud.iam_audit.recorder import CallRecorder
from localcloud.image_table import ImageCommand, ImageKind, UnknownImageError
from localcloud.isolation.view import PATH, inherited_variables
from localcloud.processes import ProcessGroups
from localcloud.service_quotas.account import AccountQuotas

if TYPE_CHECKING:
    from localcloud.server import Application


def _past_proxies() -> dict[str, str]:
    """A proxy would get the requests, with their session tokens, and reach nothing. Clients read either spelling."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = ",".join(dict.fromkeys([*filter(None, given.split(",")), "localhost", "127.0.0.1"]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


@dataclass
class Cloud:
    """One running local cloud. All large state lives on disk below `root`."""

    url: str
    root: Path
    images: Sequence[ImageCommand]
    region: str = "us-east-1"
    account_id: str = "123456789012"
    max_jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    app: Application | None = field(default=None, repr=False)
    processes: ProcessGroups = field(init=False, repr=False)
    faults: Faults = field(default_factory=Faults, repr=False)
    quotas: AccountQuotas = field(default_factory=AccountQuotas, repr=False)
    keys: Keyring = field(default_factory=lambda: Keyring(os.urandom(SIZE), Cloud.account_id), repr=False)
    calls: CallRecorder = field(init=False, repr=False)
    _clients: dict[tuple[str, str | None], BaseClient] = field(default_factory=dict, repr=False)
    _session: boto3.Session | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _callbacks: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.calls = CallRecorder(self.region, self.account_id, self.keys.role)
        self.processes = ProcessGroups(self.root)

    def client(self, service: str, role: str | None = None) -> BaseClient:
        """A boto3 client for `service`, bound to this cloud with keys of its state; cached and thread-safe.

        role: ARN of the role to act as; the permissions that its calls need are recorded in `calls`.
        """
        with self._lock:
            if (service, role) not in self._clients:
                # One session, as it caches what all clients load. Creating clients is not thread-safe, hence the lock.
                if self._session is None:
                    self._session = boto3.Session(region_name=self.region)
                key = self._key(role)
                config = Config(
                    max_pool_connections=64,
                    read_timeout=900,
                    retries={"total_max_attempts": 1},
                    inject_host_prefix=False,
                )
                self._clients[service, role] = self._session.client(
                    service,
                    endpoint_url=self.url,
                    config=config,
                    aws_access_key_id=key.id,
                    aws_secret_access_key=key.secret,
                    aws_session_token=key.token,
                )
            return self._clients[service, role]

    def _key(self, role: str | None) -> Key:
        return self.keys.developer if role is None else self.keys.of(role)

    def presigned(self, method: str, path: str, seconds: int) -> str:
        """A URL of this cloud's own that may be called once or more within `seconds`, as AWS hands out URLs of S3."""
        key = self.keys.of(SERVICE)
        signer = S3SigV4QueryAuth(Credentials(key.id, key.secret, key.token), "s3", self.region, seconds)
        request = AWSRequest(method, f"{self.url}{path}")
        signer.add_auth(request)
        return str(request.url)

    def environment(self, role: str | None = None) -> dict[str, str]:
        """The variables that point any AWS client at this cloud only; with `role`'s credentials if one is given."""
        key = self._key(role)
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_SESSION_TOKEN": key.token or "",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # Account-based host names (123456789012.service.amazonaws.com) would bypass the endpoint above.
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
            **_past_proxies(),
        }

    def subprocess_environment(self, extra: Mapping[str, str] | None = None, role: str | None = None) -> dict[str, str]:
        """The environment of a process: the listed variables of ours, plus `extra`, bound to this cloud."""
        path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{PATH}"}
        return {**inherited_variables(), **path, **(extra or {}), **self.environment(role)}

    def image_command(self, image: str, kind: ImageKind) -> ImageCommand:
        """The first row of the table that covers `image` for `kind`; UnknownImageError names the image otherwise."""
        for row in self.images:
            if row.kind == kind and fnmatch.fnmatchcase(image, row.pattern):
                return row
        raise UnknownImageError(f"localcloud's image table has no {kind} command for {image}")

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Run `callback` at shutdown, newest first, before the server goes away."""
        with self._lock:
            self._callbacks.append(callback)

    def run_stop_callbacks(self) -> None:
        """Run all callbacks even when one raises; the errors are raised together at the end."""
        errors: list[Exception] = []
        while self._callbacks:
            try:
                self._callbacks.pop()()
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("the local cloud did not stop cleanly", errors)
