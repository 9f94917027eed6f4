"""How much the account may build, and how long a build may take: what a test changes to see a build not run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from werkzeug.wrappers import Response

from localcloud.http_requests import Environ, read_json

PATH = "/_localcloud/build-capacity"


@dataclass
class Capacity:
    """POST some of the fields to change them, DELETE to go back, GET what is in force.

    builds: how many builds may be queued or running; None for no limit. New accounts of AWS may have 0.
    machines: False leaves every build in the queue, until its queued timeout.
    minute_seconds: how long a minute of a build's timeouts lasts.
    """

    builds: int | None = None
    machines: bool = True
    minute_seconds: float = 60.0

    def handle(self, environ: Environ) -> Response | None:
        if environ.get("PATH_INFO") != PATH:
            return None
        if environ["REQUEST_METHOD"] == "DELETE":
            self._set(asdict(Capacity()))
        elif environ["REQUEST_METHOD"] == "POST":
            wanted = read_json(environ)
            unknown = set(wanted) - {item.name for item in fields(self)}
            if unknown:
                error = {"error": f"unknown fields {sorted(unknown)}"}
                return Response(json.dumps(error), 400, content_type="application/json")
            self._set(wanted)
        return Response(json.dumps(asdict(self)), content_type="application/json")

    def _set(self, values: dict[str, object]) -> None:
        for name, value in values.items():
            setattr(self, name, value)
