"""Which AWS service and operation an HTTP request is for."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import parse_qs, parse_qsl
from wsgiref.types import WSGIEnvironment as Environ

from localcloud.errors import AwsError

__all__ = [
    "OWN_PATHS",
    "Credential",
    "Environ",
    "Operation",
    "credential",
    "identify",
    "query_values",
    "read_body",
    "read_json",
    "resource_path",
]

OWN_PATHS = "/_localcloud/"
"""What tests, commands and addresses that are handed out ask of this cloud itself."""

_IN_HEADER = re.compile(r"Credential=([^,\s]+)")
_CREDENTIAL = re.compile(r"([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_RPC_V2 = re.compile(r"^/service/[^/]+/operation/(\w+)$")


@dataclass(frozen=True)
class Credential:
    """The key that a request says it is signed with, and the day, region and service that it is for."""

    key: str
    day: str
    region: str
    service: str


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


def query_values(environ: Environ) -> dict[str, str]:
    """The parameters of the query; of one that is there twice, the last."""
    return dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))


def credential(environ: Environ) -> Credential | None:
    """The scope of a request's signature; None where it has none that can be read."""
    if header := environ.get("HTTP_AUTHORIZATION"):
        found = _IN_HEADER.search(header)
        text = found[1] if found else ""
    else:
        text = query_values(environ).get("X-Amz-Credential", "")
    match = _CREDENTIAL.fullmatch(text)
    return Credential(*match.groups()) if match else None


def resource_path(environ: Environ, service: str) -> str:
    """The path as text, which WSGI hands on as latin-1; for S3 with the bucket in it, where the host names that."""
    path: str = environ.get("PATH_INFO", "/").encode("latin-1").decode(errors="replace")
    host = environ.get("HTTP_HOST", "").partition(":")[0]
    if service == "s3" and host.endswith(".localhost"):
        path = f"/{host.removesuffix('.localhost')}{path}"
    return path


def identify(environ: Environ) -> Operation:
    """The service and, where the protocol carries it outside the path, the operation."""
    scope = credential(environ)
    service = scope.service.lower() if scope else "s3"
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if "." in target:
        return Operation(service, target.rpartition(".")[2])
    if path := _RPC_V2.match(environ.get("PATH_INFO", "")):
        return Operation(service, path[1])
    # Only the query protocol is read: a client may call the body of a PutObject a form too.
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if form and service != "s3" and environ.get("REQUEST_METHOD") == "POST":
        try:
            action = parse_qs(read_body(environ).decode()).get("Action")
        except ValueError as error:
            raise AwsError("SerializationException", str(error)) from None
        return Operation(service, action[0] if action else None)
    return Operation(service, None)
