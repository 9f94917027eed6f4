"""Bytes to a server, exactly as given, and what comes back. Knows HTTP only as far as to count the answers."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Heard:
    """`answers` are (status, head, body) in order; `closed`: the server ended the connection."""

    answers: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    rest: bytes = b""
    closed: bool = False

    @property
    def statuses(self) -> list[int]:
        return [status for status, _, _ in self.answers]


class Wire:
    """One connection. A context manager."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._said = b""
        self.closed = False

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """False where the server hung up."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def hear(self, seconds: float = 2.0, answers: int | None = None) -> Heard:
        """What the server says until it ends the connection, has given so many `answers`, or says nothing more."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.closed:
            heard = _parse(self._said, self.closed)
            if answers is not None and len(heard.answers) >= answers:
                return heard
            self.socket.settimeout(left)
            with suppress(TimeoutError):
                try:
                    data = self.socket.recv(65536)
                except ConnectionError:
                    data = b""
                self.closed = not data
                self._said += data
        return _parse(self._said, self.closed)


def _parse(said: bytes, closed: bool) -> Heard:
    answers = []
    while HEAD_END in said:
        head, _, rest = said.partition(HEAD_END)
        status = int(head.split(b" ", 2)[1])
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        if len(rest) < length:
            break
        answers.append((status, head, rest[:length]))
        said = rest[length:]
    return Heard(answers, said, closed)
