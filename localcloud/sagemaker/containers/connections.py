"""HTTP requests to one container over connections that stay open."""

from __future__ import annotations

import http.client
import queue
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import Protocol

_MAX_IDLE = 64


@dataclass(frozen=True)
class HttpAnswer:
    """A container's response."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class Unreachable(Exception):
    """The container refused the connection, or closed it without an answer."""


class NoAnswer(Exception):
    """The container did not answer in time, or its answer is not HTTP."""


class Send(Protocol):
    """Sends a request to a container and reads the whole answer; Unreachable or NoAnswer if that fails."""

    def __call__(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> HttpAnswer: ...


class Connections:
    """A pool of connections to one loopback port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue(_MAX_IDLE)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> HttpAnswer:
        """As Send."""
        connection, reused = self._take(timeout)
        try:
            answer = _exchange(connection, method, path, body, headers or {})
        except Unreachable:
            if not reused:
                raise
            # The server has closed an idle connection, which says nothing about this request.
            connection = self._open(timeout)
            answer = _exchange(connection, method, path, body, headers or {})
        self._give_back(connection)
        return answer

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _take(self, timeout: float) -> tuple[http.client.HTTPConnection, bool]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            return self._open(timeout), False
        if connection.sock is None:  # closed by the server after its last answer
            return self._open(timeout), False
        connection.sock.settimeout(timeout)
        return connection, True

    def _open(self, timeout: float) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.connect()
        except OSError as error:
            raise Unreachable(str(error)) from error
        return connection

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
) -> HttpAnswer:
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return HttpAnswer(response.status, response.headers, response.read())
    except TimeoutError as error:
        connection.close()
        raise NoAnswer("it timed out") from error
    except ConnectionError as error:
        connection.close()
        raise Unreachable(str(error)) from error
    except http.client.HTTPException as error:
        connection.close()
        raise NoAnswer(f"its answer is not HTTP: {error!r}") from error


def free_port() -> int:
    """A port on which no process is listening at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
