"""Limits on HTTP for which uvicorn has no option: sizes, times and numbers of all that is not a body."""

from __future__ import annotations

import asyncio
import json
import resource
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from imgcls.serving.errors import PHRASES

MAX_HEADER_BYTES = 32 * 1024
HEADER_SECONDS = 10.0
"""For the head of a request, from its first byte; and for what follows a request that was answered already."""
REST_SECONDS = 10.0
"""For the rest of a body that nobody reads, because the request was refused."""
MAX_REST_BYTES = 48 * 1024**2
WRITE_SECONDS = 30.0
"""For a caller to take some of an answer that it does not read."""
MAX_PIPELINED = 100
"""Requests of one connection that wait for their answers."""
MAX_CONNECTIONS = 2048
_SPARE_FILES = 256
"""Descriptors that stay for the models, their kept graphs and the log."""
_FRAMING = 8
"""Bytes around one byte of a body: chunks of one byte have five."""


def max_connections() -> int:
    """As many as the process may have open beside its files."""
    return max(16, min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE_FILES))


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with limits, JSON answers to invalid HTTP, and answers to all that came before it.

    A connection has one timer. It runs while the head of a request arrives, while bytes arrive that belong to no
    request, and while the rest of a refused body arrives; the body of a request that is served has the limits of
    `Request.body`.
    """

    _timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _in_head = True
    _in_body = False
    _message_ended = False
    _framing_bytes = 0
    """Of the current message: all its bytes but the body's."""
    _body_bytes = 0
    _unanswered = 0
    _last_answer: bytes | None = None
    """What is still to be said to a connection that is given up, after the answers before it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > max_connections():
            self._refuse(503, "overloaded", "the server has too many connections: try again")
        else:
            self._start_timer(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._last_answer is not None:
            return
        self._message_ended = False
        self._framing_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing() or self._last_answer is not None:
            return
        if self._framing_bytes > MAX_HEADER_BYTES + _FRAMING * self._body_bytes:
            self._refuse_framing()
        elif self._timer is None and not self._unanswered:
            self._wait_for_more()

    def _wait_for_more(self) -> None:
        """Bytes came, and nothing is to be answered: uvicorn no longer counts the connection as idle."""
        if self._message_ended:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            self._start_timer(HEADER_SECONDS)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._in_body = True, False
        self._framing_bytes = self._body_bytes = 0
        if self._timer is None:
            self._start_timer(HEADER_SECONDS)

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers are headers after the body; nothing reads them.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_timer()
        self._in_head = False
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEADER_BYTES:
            self._refuse_framing()
            raise httptools.HttpParserError("headers too large")
        if self._unanswered >= MAX_PIPELINED:
            self._refuse(503, "overloaded", f"more than {MAX_PIPELINED} requests wait on this connection")
            raise httptools.HttpParserError("too many requests")
        super().on_headers_complete()
        self._in_body = True
        self._unanswered += 1

    def on_body(self, body: bytes) -> None:
        self._framing_bytes -= len(body)
        self._body_bytes += len(body)
        if self.cycle.response_complete and self._body_bytes > MAX_REST_BYTES:
            self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body, self._message_ended = False, True
        self._stop_timer()

    def on_response_complete(self) -> None:
        self._unanswered -= 1
        super().on_response_complete()
        if self.transport.is_closing() or self._unanswered:
            return
        if self._last_answer is not None:
            self._end()
        elif self._in_body:
            self._unset_keepalive_if_required()
            self._start_timer(REST_SECONDS)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "bad_request", "this is not a valid HTTP request")

    def _refuse_framing(self) -> None:
        what = "chunks and trailers" if self._in_body else "headers"
        self._refuse(431, "headers_too_large", f"the {what} are larger than {MAX_HEADER_BYTES} bytes")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Give the connection up. Requests that came whole are answered first; the one that is broken is not."""
        if self.transport.is_closing() or self._last_answer is not None:
            return
        body = json.dumps({"error": code, "message": message}).encode()
        head = f"HTTP/1.1 {status} {PHRASES[status]}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self._last_answer = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
        if self._in_body:
            self._give_up_request()
        if not self._unanswered:
            self._end()

    def _give_up_request(self) -> None:
        """Of the request whose body is broken."""
        cycle: Any = self.cycle
        if cycle.response_complete:
            self._last_answer = b""
        else:
            self._unanswered -= 1
            cycle.disconnected = True
            cycle.message_event.set()
            if self.pipeline and self.pipeline[0][0] is cycle:
                self.pipeline.popleft()

    def _end(self) -> None:
        self.transport.write(self._last_answer or b"")
        self.transport.close()

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        # Aborted, because a connection that is closed stays until its caller has read everything.
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
