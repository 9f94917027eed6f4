"""Names of REST operations, which those protocols carry only in method, path and query."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

import botocore.session

from localcloud.http_requests import Environ
from localcloud.query_protocol import service_model

_LABEL = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True)
class _Route:
    name: str
    method: str
    path: re.Pattern[str]
    query: frozenset[str]

    def matches(self, method: str, path: str, query: Iterable[str]) -> bool:
        return method == self.method and self.query <= set(query) and self.path.fullmatch(path) is not None


@functools.cache
def _routes(service: str) -> tuple[_Route, ...]:
    """The service's routes, those with the most fixed parts first; empty for a service that botocore does not know."""
    if service not in botocore.session.get_session().get_available_services():
        return ()
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        pattern = _LABEL.sub(lambda match: ".+" if match[2] else "[^/]+", path)
        literals = frozenset(parse_qs(query, keep_blank_values=True)) - {"x-id"}
        routes.append((pattern.count("["), -len(literals), _Route(name, http["method"], re.compile(pattern), literals)))
    return tuple(route for *_, route in sorted(routes, key=lambda item: item[:2]))


def rest_operation(service: str, environ: Environ) -> str | None:
    """The operation that a request to a REST service is for, or None."""
    path = environ.get("PATH_INFO", "/")
    host = environ.get("HTTP_HOST", "").partition(":")[0]
    if service == "s3" and host.endswith(".localhost"):
        path = f"/{host.removesuffix('.localhost')}{path}"
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    path = path.rstrip("/") or "/"
    found = [route for route in _routes(service) if route.matches(environ["REQUEST_METHOD"], path, query)]
    return max(found, key=lambda route: len(route.query)).name if found else None
