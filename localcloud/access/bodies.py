"""Checks a body against its signature while it is read, so that a large one is never held in memory.

The last bytes are given out only after the whole was checked: who has read a body to its end has the one that was
signed, and who writes it to a file must not use the file before.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Protocol

from localcloud.errors import AwsError
from localcloud.http_requests import Environ
from localcloud.s3.chunked import incomplete

_BUFFER = 1 << 18
_LONGEST_LINE = 4096
_EMPTY = hashlib.sha256(b"").hexdigest()

Signed = Callable[[str, str], bool]  # string to sign, signature -> whether the key made it


class Source(Protocol):
    """What a server gives the body by."""

    def readinto(self, buffer: memoryview, /) -> int: ...


class Check(Protocol):
    """What a body must be. Both raise AwsError."""

    def feed(self, data: memoryview) -> None: ...

    def end(self) -> None: ...


class CheckedBody(io.RawIOBase):
    """A body of `length` bytes, or up to the end of `source` where that is None."""

    def __init__(self, source: Source, length: int | None, check: Check) -> None:
        self._source, self._left, self._check = source, length, check
        self._ended = False
        if length == 0:
            self._end()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        room = memoryview(buffer) if self._left is None else memoryview(buffer)[: self._left]
        count = self._source.readinto(room) if room else 0
        self._check.feed(room[:count])
        if self._left is not None:
            self._left -= count
            if not count and self._left:
                raise incomplete()
        if self._left == 0 or (self._left is None and not count):
            self._end()
        return count

    def _end(self) -> None:
        if not self._ended:
            self._check.end()
            self._ended = True


def check_while_read(environ: Environ, check: Check) -> None:
    """Put `check` between the request's body and whoever reads it."""
    length = None if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = io.BufferedReader(CheckedBody(environ["wsgi.input"], length, check), _BUFFER)


class HashCheck:
    """The body has the hash that its request's header says."""

    def __init__(self, expected: str) -> None:
        self._expected, self._hash = expected, hashlib.sha256()

    def feed(self, data: memoryview) -> None:
        self._hash.update(data)

    def end(self) -> None:
        if self._hash.hexdigest() != self._expected.lower():
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise AwsError("XAmzContentSHA256Mismatch", message)


class ChunkCheck:
    """The body is aws-chunked: each chunk, and the trailer if there is one, is signed with the one before it."""

    def __init__(self, seed: str, time: str, scope: str, signed: Signed, *, trailer: bool) -> None:
        self._previous, self._time, self._scope, self._signed = seed, time, scope, signed
        self._unsigned_trailer = trailer
        self._line = bytearray()
        self._left = 0  # bytes of the chunk and of the line end behind it
        self._chunk = hashlib.sha256()
        self._signature = ""
        self._state = "header"  # then data, until the chunk without any; then trailer
        self._trailer: list[bytes] = []

    def feed(self, data: memoryview) -> None:
        view = data
        while view:
            if self._state == "data":
                view = view[self._take(view) :]
                continue
            end = bytes(view[: _LONGEST_LINE + 1]).find(b"\n")
            self._line += view[: end + 1 if end >= 0 else len(view)]
            if len(self._line) > _LONGEST_LINE:
                raise _malformed()
            if end < 0:
                return
            view = view[end + 1 :]
            line = bytes(self._line).rstrip(b"\r\n")
            self._line.clear()
            self._read(line)

    def end(self) -> None:
        if self._state != "trailer" or self._line or self._trailer or self._unsigned_trailer:
            raise AwsError("IncompleteBody", "The request body terminated unexpectedly")

    def _read(self, line: bytes) -> None:
        if self._state == "trailer":
            self._read_trailer(line)
            return
        size, _, extension = line.partition(b";")
        name, _, signature = extension.partition(b"=")
        if name != b"chunk-signature" or not size or size.strip(b"0123456789abcdefABCDEF"):
            raise _malformed()
        self._left, self._signature = int(size, 16) + 2, signature.decode("latin-1")
        if self._left == 2:
            self._check_chunk()
            self._state = "trailer"
        else:
            self._state = "data"

    def _take(self, view: memoryview) -> int:
        """Hash what belongs to the chunk; how much of `view` that is."""
        taken = min(len(view), self._left)
        self._chunk.update(view[: max(0, min(taken, self._left - 2))])
        self._left -= taken
        if self._left == 0:
            self._check_chunk()
            self._state = "header"
        return taken

    def _check_chunk(self) -> None:
        self._check("AWS4-HMAC-SHA256-PAYLOAD", _EMPTY, self._chunk.hexdigest())
        self._chunk = hashlib.sha256()

    def _read_trailer(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name.lower() == b"x-amz-trailer-signature":
            self._signature = value.strip().decode("latin-1")
            self._check("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(b"".join(self._trailer)).hexdigest())
            self._trailer.clear()
            self._unsigned_trailer = False
        elif line:
            self._trailer.append(name.lower() + b":" + value.strip() + b"\n")

    def _check(self, algorithm: str, *hashes: str) -> None:
        text = "\n".join((algorithm, self._time, self._scope, self._previous, *hashes))
        if not self._signed(text, self._signature):
            raise AwsError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
                403,
            )
        self._previous = self._signature


def _malformed() -> AwsError:
    return AwsError("InvalidRequest", "The body is not aws-chunked as its x-amz-content-sha256 header says")
