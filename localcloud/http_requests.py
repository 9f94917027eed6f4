"""Which AWS service and operation an HTTP request is for."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment as Environ

__all__ = ["Environ", "Operation", "identify", "read_body", "read_json"]

_CREDENTIAL = re.compile(r"Credential=[^/]+/\d{8}/[^/]*/([^/]+)/aws4_request")
_RPC_V2 = re.compile(r"^/service/[^/]+/operation/(\w+)$")


@dataclass(frozen=True)
class Operation:
    """`service` is the signing name ("s3" for unsigned requests); `name` is None for REST services."""

    service: str
    name: str | None


def read_body(environ: Environ) -> bytes:
    """The whole body; later handlers of the request can still read it."""
    source: IO[bytes] = environ["wsgi.input"]
    terminated = environ.get("wsgi.input_terminated")
    body = source.read() if terminated else source.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def read_json(environ: Environ) -> Any:
    """The body as a JSON object of the operation's own shape; an empty body is an empty object."""
    body = read_body(environ)
    return json.loads(body) if body else {}


def identify(environ: Environ) -> Operation:
    """The service and, where the protocol carries it outside the path, the operation."""
    signed = environ.get("HTTP_AUTHORIZATION") or environ.get("QUERY_STRING", "").replace("%2F", "/")
    match = _CREDENTIAL.search(signed)
    service = match[1].lower() if match else "s3"
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if "." in target:
        return Operation(service, target.rpartition(".")[2])
    if path := _RPC_V2.match(environ.get("PATH_INFO", "")):
        return Operation(service, path[1])
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        action = parse_qs(read_body(environ).decode()).get("Action")
        return Operation(service, action[0] if action else None)
    return Operation(service, None)
