"""The HTTP server: our handlers first, then moto; what neither does is refused by name."""

from __future__ import annotations

import datetime
import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs
from wsgiref.types import StartResponse

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

from localcloud.access.cors import Allowed
from localcloud.access.refusals import Family, family
from localcloud.errors import AwsError, cbor_error, json_error, not_emulated, own_failure, xml_error
from localcloud.http_requests import OWN_PATHS, Environ, Operation, credential, identify, read_json
from localcloud.input_checks import check_input
from localcloud.rest_operations import rest_operation

log = logging.getLogger(__name__)

Handler = Callable[[Environ], Response | None]
Answer: TypeAlias = Mapping[str, object]  # JSON, and times, which are sent as seconds since 1970
JsonOperation = Callable[[Any], Answer | None]  # each operation declares the shape of its own request


def _json_default(value: object) -> object:
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} in an answer is not JSON")


# Subresources that moto ignores, so that it would carry out a plain PutObject, CreateBucket, ...
_S3_REFUSED = frozenset(
    (
        "abac",
        "analytics",
        "annotation",
        "intelligent-tiering",
        "metadataAnnotationTable",
        "metadataConfiguration",
        "metadataInventoryTable",
        "metadataJournalTable",
        "metadataTable",
        "metrics",
        "renameObject",
        "requestPayment",
        "select",
        "session",
        "torrent",
    )
)


def _refusal(environ: Environ, operation: Operation) -> AwsError:
    name = operation.name or rest_operation(operation.service, environ)
    return not_emulated(operation.service, name or "this operation")


def _telling(page: Allowed, start_response: StartResponse) -> StartResponse:
    """Answers with the headers of the bucket's rule, in place of those that moto has."""

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        kept = [header for header in headers if not header[0].lower().startswith("access-control-")]
        return start_response(status, kept + page.headers(), *error)

    return start


class Application:
    """WSGI application: an ordered list of handlers in front of moto."""

    def __init__(self, moto: Callable[..., Iterable[bytes]], admit: Callable[[Environ], Allowed | None]) -> None:
        self._moto = moto
        self._admit = admit
        self._handlers: list[Handler] = []
        self._operations: dict[tuple[str, str], JsonOperation] = {}
        self._allowed: dict[str, set[str]] = {}
        self._answered: Mapping[str, re.Pattern[str]] | None = None
        self._observe: Callable[[Environ, Operation], None] = lambda environ, operation: None

    def observe(self, observer: Callable[[Environ, Operation], None]) -> None:
        """Show every request to `observer` before it is answered."""
        self._observe = observer

    def add_handler(self, handler: Handler) -> None:
        """Ask `handler` before moto; handlers are asked in the order in which they were added."""
        self._handlers.append(handler)

    def operation(self, service: str, name: str, function: JsonOperation) -> None:
        """Answer an operation of a JSON-protocol service with `function(parameters) -> result`."""
        self._operations[service, name] = function

    def allow_only(self, service: str, names: Iterable[str]) -> None:
        """From now on moto answers only these operations of `service`; further calls add to them."""
        self._allowed.setdefault(service, set()).update(names)

    def answer_only(self, services: Mapping[str, re.Pattern[str]]) -> None:
        """Let moto answer only these services, by signing name, and only the operations that match the pattern."""
        self._answered = services

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        scope = credential(environ)
        operation = Operation(scope.service.lower() if scope else "s3", None)
        try:
            if (page := self._admit(environ)) is not None:
                start_response = _telling(page, start_response)
                if environ["REQUEST_METHOD"] == "OPTIONS":
                    return Response("")(environ, start_response)
            operation = identify(environ)
            self._observe(environ, operation)
            check_input(environ, operation)
            response = self._own_answer(environ, operation)
            if response is None:
                self._refuse_unlisted(environ, operation)
                return self._ask_moto(environ, start_response, operation)
        except AwsError as error:
            response = self._error(environ, operation, error)
        except NotImplementedError as error:
            log.info("moto: %s", error)
            response = self._error(environ, operation, _refusal(environ, operation))
        except Exception as error:
            log.exception("%s:%s failed", operation.service, operation.name)
            code = "InternalError" if operation.service == "s3" else "InternalFailure"
            internal = AwsError(code, own_failure(error), 500)
            response = self._error(environ, operation, internal)
        return response(environ, start_response)

    def _own_answer(self, environ: Environ, operation: Operation) -> Response | None:
        for handler in self._handlers:
            if (response := handler(environ)) is not None:
                return response
        function = self._operations.get((operation.service, operation.name or ""))
        if function is None:
            return None
        body = json.dumps(function(read_json(environ)) or {}, default=_json_default)
        return Response(body, content_type="application/x-amz-json-1.1")

    def _ask_moto(self, environ: Environ, start_response: StartResponse, operation: Operation) -> Iterable[bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def note(status: str, headers: list[tuple[str, str]], error: object = None) -> None:
            started.append((status, headers))

        chunks = self._moto(environ, note)
        status, headers = started[0]
        if status.startswith("404"):
            body = b"".join(chunks)
            # Flask's own page: none of the service's handlers takes this path.
            if body.lower().startswith(b"<!doctype html>"):
                raise _refusal(environ, operation)
            chunks = [body]
        start_response(status, headers)
        return chunks

    def _refuse_unlisted(self, environ: Environ, operation: Operation) -> None:
        name = operation.name or ""
        if operation.service == "s3" and _S3_REFUSED & set(parse_qs(environ["QUERY_STRING"], keep_blank_values=True)):
            raise _refusal(environ, operation)
        if self._answered is not None:
            pattern = self._answered.get(operation.service)
            if pattern is None or (name and not pattern.search(name)):
                raise _refusal(environ, operation)
        allowed = self._allowed.get(operation.service)
        if allowed is not None and operation.name is not None and operation.name not in allowed:
            raise not_emulated(operation.service, operation.name)

    @staticmethod
    def _error(environ: Environ, operation: Operation, error: AwsError) -> Response:
        if environ.get("PATH_INFO", "").startswith(OWN_PATHS):
            return Response(json.dumps({"error": error.message}), error.status, content_type="application/json")
        protocol = family(environ, operation.service if credential(environ) else None)
        if protocol is Family.S3:
            return xml_error(error, s3=True)
        if protocol is Family.CBOR:
            return cbor_error(error)
        return xml_error(error) if protocol in (Family.QUERY, Family.EC2) else json_error(error)


class Server:
    """The application on a loopback port, one thread per connection. OSError when the port is taken."""

    def __init__(self, application: Application, port: int) -> None:
        from moto.moto_server.werkzeug_app import MotoRequestHandler

        class QuietHandler(MotoRequestHandler):
            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                log.debug("%s %s", self.requestline, code)

        # Bound here, because werkzeug exits the process when the port is taken.
        self._socket = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=QuietHandler, fd=self._socket.fileno()
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="localcloud-server", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that is bound."""
        return self._server.port

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._socket.close()
