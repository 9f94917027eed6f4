"""HTTP around the application: a request, its limited body, its answer; and limits for which uvicorn has no option."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from imgcls.contract import custom_attributes
from imgcls.contract.serving import CUSTOM_ATTRIBUTES_HEADER
from imgcls.serving.errors import PHRASES, RequestError

MAX_HEADER_BYTES = 32 * 1024
HEADER_SECONDS = 10.0
_DISCARD = 8
REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-request-id")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Request:
    """One HTTP request. Header names are lower case; `parts` is the path, split at slashes and then unquoted.

    `length` is the body's, or 0 if it comes in chunks; `body_bytes` is the number of bytes that were read.
    """

    def __init__(self, scope: dict[str, Any], receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        self.parts = tuple(unquote(part) for part in self.path.strip("/").split("/"))
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._query_string: bytes = scope["query_string"]
        self._receive = receive
        self.request_id_header, self.request_id = self._find_request_id()
        self.length = int(self.headers.get("content-length", 0))
        self.body_bytes = 0

    def _find_request_id(self) -> tuple[str, str]:
        """(header of the answer, id). The caller of an endpoint can name its request in CustomAttributes only."""
        asked = custom_attributes.parse(self.headers.get(CUSTOM_ATTRIBUTES_HEADER.lower()))
        named = [(REQUEST_ID_HEADERS[-1], asked.get(custom_attributes.REQUEST, ""))]
        named += [(header, self.headers.get(header, "")) for header in REQUEST_ID_HEADERS]
        valid = (item for item in named if custom_attributes.is_request_id(item[1]))
        return next(valid, (REQUEST_ID_HEADERS[-1], str(uuid.uuid4())))

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self._query_string.decode("latin-1")))

    async def body(self, max_bytes: int, seconds: float) -> bytes:
        """The whole body. Raises RequestError 413 before reading more than `max_bytes`, 408 after `seconds`."""
        # A refused body is still on its way. A small one is read and discarded, so that the caller sees the answer;
        # for a larger one the connection is closed.
        close: dict[str, str] = {} if 0 < self.length <= _DISCARD * max_bytes else {"Connection": "close"}
        too_large = RequestError(413, "body_too_large", f"the body is larger than {max_bytes} bytes", close)
        if self.length > max_bytes:
            raise too_large
        chunks = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGone
                    chunks.append(message["body"])
                    self.body_bytes += len(message["body"])
                    if self.body_bytes > max_bytes:
                        raise too_large
                    if not message.get("more_body"):
                        return b"".join(chunks)
        except TimeoutError:
            late = f"the body did not arrive within {seconds:g} seconds"
            raise RequestError(408, "slow_body", late, {"Connection": "close"}) from None


class ClientGone(Exception):
    """The caller hung up before its request was complete; nobody waits for an answer."""


async def respond(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    pairs += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with limits on the headers' size and time, and JSON answers to invalid HTTP."""

    _header_bytes = 0
    _in_headers = True
    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_headers and not self.transport.is_closing():
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(431, "headers_too_large", f"the headers are larger than {MAX_HEADER_BYTES} bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes, self._in_headers = 0, True
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def on_headers_complete(self) -> None:
        self._cancel_timer()
        self._in_headers = False
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEADER_BYTES:
            self._refuse(431, "headers_too_large", f"the headers are larger than {MAX_HEADER_BYTES} bytes")
            raise httptools.HttpParserError("headers too large")
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            self._refuse(400, "bad_request", "this is not a valid HTTP request")

    def _refuse(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"error": code, "message": message}).encode()
        head = f"HTTP/1.1 {status} {PHRASES[status]}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()

    def _cancel_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
