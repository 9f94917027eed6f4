"""Names of REST operations, which those protocols carry only in method, path and query."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from urllib.parse import parse_qs

import botocore.session
from botocore.model import OperationModel

from localcloud.http_requests import Environ, resource_path
from localcloud.query_protocol import service_model

_LABEL = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True)
class _Route:
    name: str
    method: str
    path: re.Pattern[str]
    query: frozenset[str]
    required: frozenset[str]
    deprecated: bool

    def labels(self, method: str, path: str, query: Iterable[str]) -> dict[str, str] | None:
        """The values of the labels in a request's path; None if the route does not take the request."""
        match = self.path.fullmatch(path) if method == self.method and self.query <= set(query) else None
        return match.groupdict() if match else None

    def fits(self, given: Set[str]) -> tuple[int, bool, int, bool]:
        """Orders the routes that take a request: CopyObject is a PutObject with a header that it requires.

        Of PutBucketLifecycle and PutBucketLifecycleConfiguration, which are alike, the first is deprecated.
        """
        return len(self.query), given >= self.required, len(self.required), not self.deprecated


@functools.cache
def _routes(service: str) -> tuple[_Route, ...]:
    """The service's routes, those with the most fixed parts first; empty for a service that botocore does not know."""
    if service not in botocore.session.get_session().get_available_services():
        return ()
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        pattern = _LABEL.sub(lambda match: f"(?P<{match[1]}>{'.+' if match[2] else '[^/]+'})", path)
        literals = frozenset(parse_qs(query, keep_blank_values=True)) - {"x-id"}
        method, required = operation.http["method"], _required(operation)
        route = _Route(name, method, re.compile(pattern), literals, required, operation.deprecated)
        routes.append((pattern.count("["), -len(literals), route))
    return tuple(route for *_, route in sorted(routes, key=lambda item: item[:2]))


def _required(operation: OperationModel) -> frozenset[str]:
    """What has to be in the query, and the headers by their names in a WSGI environment."""
    shape = operation.input_shape
    places = [shape.members[name].serialization for name in shape.required_members] if shape else []
    headers = ["HTTP_" + each["name"].upper().replace("-", "_") for each in places if each.get("location") == "header"]
    return frozenset([*headers, *(each["name"] for each in places if each.get("location") == "querystring")])


def rest_route(service: str, environ: Environ) -> tuple[str | None, dict[str, str]]:
    """The operation that a request to a REST service is for, or None, and the values of the labels in its path."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    path = resource_path(environ, service).rstrip("/") or "/"
    method = environ["REQUEST_METHOD"]
    asked = ((route, route.labels(method, path, query)) for route in _routes(service))
    found = [(route, labels) for route, labels in asked if labels is not None]
    if not found:
        return None, {}
    route, labels = max(found, key=lambda each: each[0].fits(environ.keys() | query.keys()))
    return route.name, labels


def rest_operation(service: str, environ: Environ) -> str | None:
    """The operation that a request to a REST service is for, or None."""
    return rest_route(service, environ)[0]
