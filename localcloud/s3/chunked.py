"""Bodies in the encoding aws-chunked: sizes in hexadecimal, perhaps signatures, and trailing headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from localcloud.errors import AwsError
from localcloud.s3.content import CHUNK_BYTES

_LINE_BYTES = 16 << 10  # of a line with a size, or of a trailing header
_NUM_TRAILERS = 32
_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")


def read_exactly(source: IO[bytes], size: int) -> Iterator[bytes]:
    """`size` bytes in chunks; AwsError if the connection ends before."""
    while size:
        chunk = source.read(min(CHUNK_BYTES, size))
        if not chunk:
            raise incomplete()
        size -= len(chunk)
        yield chunk


def decoded_chunks(source: IO[bytes], trailers: dict[str, str]) -> Iterator[bytes]:
    """The content of an aws-chunked body, and into `trailers` the headers that follow it, by lower-case name."""
    while size := _size(_line(source)):
        yield from read_exactly(source, size)
        if _line(source):
            raise malformed()
    for _ in range(_NUM_TRAILERS):
        line = source.readline(_LINE_BYTES)
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:  # an empty line, or the end
            return
        trailers[name.strip().lower()] = value.strip()
    raise malformed()


def _line(source: IO[bytes]) -> bytes:
    line = source.readline(_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise malformed() if len(line) == _LINE_BYTES else incomplete()
    return line.strip()


def _size(line: bytes) -> int:
    text = line.partition(b";")[0]  # what follows is the chunk's signature
    if _SIZE.fullmatch(text) is None:
        raise malformed()
    return int(text, 16)


def malformed() -> AwsError:
    return AwsError("InvalidRequest", "The body is not encoded as aws-chunked.")


def incomplete() -> AwsError:
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
    return AwsError("IncompleteBody", message)
