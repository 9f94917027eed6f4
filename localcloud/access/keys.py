"""The access keys of a cloud's state: those it hands out itself, and those of moto's STS and IAM."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import threading
from dataclasses import dataclass

SIZE = 32
DEVELOPER = "developer"
SERVICE = "localcloud"
"""Who signs what the cloud itself hands out as an address: answers to custom resources, the code of functions."""


@dataclass(frozen=True)
class Key:
    """An access key. token: its session token, None for a user's own. expires: UTC, None if it does not."""

    id: str
    secret: str
    token: str | None
    expires: datetime.datetime | None = None


class Keyring:
    """Every key that a request may be signed with. Thread-safe.

    secret: the state's own, of which the keys that this cloud hands out are made, so that they need no table.
    """

    def __init__(self, secret: bytes, account_id: str) -> None:
        self._secret = secret
        self._account_id = account_id
        self._owners: dict[str, str] = {}
        self._lock = threading.Lock()
        self.developer = self.of(DEVELOPER)

    def of(self, owner: str) -> Key:
        """The key of the developer, of this cloud, or of a role by its ARN."""
        key = self._made(self._derived("id", owner))
        with self._lock:
            self._owners[key.id] = owner
        return key

    def role(self, identifier: str) -> str | None:
        """The role that this cloud gave the key to; None for other keys."""
        owner = self._owner(identifier)
        return None if owner in (DEVELOPER, SERVICE) else owner

    def _owner(self, identifier: str) -> str | None:
        with self._lock:
            return self._owners.get(identifier)

    def find(self, identifier: str) -> Key | None:
        """The key with this id, if it was handed out and is active."""
        if self._owner(identifier) is not None:
            return self._made(identifier)
        return _of_sts(identifier) or _of_iam(identifier)

    def _derived(self, purpose: str, subject: str) -> str:
        digest = hmac.digest(self._secret, f"{purpose}:{subject}".encode(), hashlib.sha256)
        # Temporary credentials of AWS have ids of 20 characters that begin so.
        return "ASIA" + base64.b32encode(digest).decode()[:16] if purpose == "id" else base64.b64encode(digest).decode()

    def _made(self, identifier: str) -> Key:
        return Key(identifier, self._derived("secret", identifier), self._derived("token", identifier))


def _of_sts(identifier: str) -> Key | None:
    from moto.sts.models import sts_backends

    for account in list(sts_backends.values()):
        for backend in list(account.values()):
            if (role := backend.get_assumed_role_from_access_key(identifier)) is not None:
                expires = role.expiration.replace(tzinfo=datetime.UTC)
                return Key(identifier, role.secret_access_key, role.session_token, expires)
    return None


def _of_iam(identifier: str) -> Key | None:
    from moto.iam.models import iam_backends

    for account in list(iam_backends.values()):
        for backend in list(account.values()):
            for user in list(backend.users.values()):
                for key in user.access_keys:
                    if key.access_key_id == identifier and key.status == "Active":
                        return Key(identifier, key.secret_access_key, None)
    return None
