"""HTTP around the application: a request, its limited body, its answer."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from imgcls.contract import custom_attributes
from imgcls.contract.serving import CUSTOM_ATTRIBUTES_HEADER
from imgcls.serving.errors import RequestError

_DISCARD = 8
REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-request-id")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Request:
    """One HTTP request. Header names are lower case; `parts` is the path, split at slashes and then unquoted.

    A path that is not UTF-8 has no parts. `length` is the body's, or 0 if it comes in chunks; `body_bytes` is the
    number of bytes that were read.
    """

    def __init__(self, scope: dict[str, Any], receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        self.parts = _parts(self.path)
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._query_string: bytes = scope["query_string"]
        self._receive = receive
        self.request_id_header, self.request_id = self._find_request_id()
        self.length = int(self.headers.get("content-length", 0))
        self.body_bytes = 0
        self._is_read = False

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

    @property
    def waits_to_send(self) -> bool:
        """Whether the caller may send its body or not, now that nobody asked for it: what comes next is uncertain."""
        return not self._is_read and self.headers.get("expect", "").lower() == "100-continue"

    async def body(self, max_bytes: int, seconds: float) -> bytes:
        """The whole body. Raises RequestError 413 before reading more than `max_bytes`, 408 after `seconds`."""
        # A refused body is still on its way. A small one is read and discarded, so that the caller sees the answer;
        # for a larger one the connection is closed.
        close: dict[str, str] = {} if 0 < self.length <= _DISCARD * max_bytes else {"Connection": "close"}
        too_large = RequestError(413, "body_too_large", f"the body is larger than {max_bytes} bytes", close)
        if self.length > max_bytes:
            raise too_large
        chunks = []
        self._is_read = True
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


def _parts(path: str) -> tuple[str, ...]:
    try:
        return tuple(unquote(part, errors="strict") for part in path.strip("/").split("/"))
    except UnicodeDecodeError:
        return ()


class ClientGone(Exception):
    """The caller hung up before its request was complete; nobody waits for an answer."""


async def respond(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    pairs += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
