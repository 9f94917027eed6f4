"""Records which permissions roles needed, from every request that is signed with a role's credentials."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from werkzeug.wrappers import Response

from localcloud.http_requests import Environ, Operation, credential
from localcloud.iam_audit.actions import Permission, needed_permissions

PATH = "/_localcloud/calls"


@dataclass
class CallRecorder:
    """The permissions that requests with the keys of roles needed. Thread-safe.

    role_of: the role that an access key was given to, None for other keys.
    """

    region: str
    account_id: str
    role_of: Callable[[str], str | None]
    _calls: Counter[tuple[str, Permission]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, role: str, wants: Iterable[Permission]) -> None:
        with self._lock:
            self._calls.update((role, want) for want in wants)

    def observe(self, environ: Environ, operation: Operation) -> None:
        """Record what a request needs if a role makes it."""
        scope = credential(environ)
        role = self.role_of(scope.key) if scope else None
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
