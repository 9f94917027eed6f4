"""Records which permissions roles needed, from every request that is signed with a role's credentials."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from werkzeug.wrappers import Response

from localcloud.http_requests import Environ, Operation
from localcloud.iam_audit.actions import Permission, needed_permissions

PATH = "/_localcloud/calls"
_ACCESS_KEY = re.compile(r"Credential=([^/&]+)/")


@dataclass
class CallRecorder:
    """The access keys of roles, and the permissions that requests with these keys needed. Thread-safe."""

    region: str
    account_id: str
    _roles: dict[str, str] = field(default_factory=dict)
    _calls: Counter[tuple[str, Permission]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def access_key(self, role: str) -> str:
        """An access key for the role's temporary credentials; fake, like all credentials here."""
        key = f"role-{hashlib.sha256(role.encode()).hexdigest()[:20]}"
        with self._lock:
            self._roles[key] = role
        return key

    def note(self, role: str, wants: Iterable[Permission]) -> None:
        with self._lock:
            self._calls.update((role, want) for want in wants)

    def observe(self, environ: Environ, operation: Operation) -> None:
        """Record what a request needs if a role makes it."""
        signed = environ.get("HTTP_AUTHORIZATION") or environ.get("QUERY_STRING", "").replace("%2F", "/")
        match = _ACCESS_KEY.search(signed)
        role = self._roles.get(match[1]) if match else None
        if role is not None:
            self.note(role, needed_permissions(environ, operation, self.region, self.account_id))

    def handle(self, environ: Environ) -> Response | None:
        """GET the recorded calls, DELETE to start over."""
        if environ.get("PATH_INFO") != PATH:
            return None
        with self._lock:
            if environ["REQUEST_METHOD"] == "DELETE":
                self._calls.clear()
            noted = list(self._calls.items())
        body = [
            {"role": role, "action": want.action, "resource": want.resource, "context": dict(want.context), "count": n}
            for (role, want), n in noted
        ]
        return Response(json.dumps(body), content_type="application/json")
