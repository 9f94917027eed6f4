"""Takes the body of an upload off the socket, and compares it with what the client declared of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import LimitedStream

from localcloud.errors import AwsError
from localcloud.http_requests import Environ
from localcloud.s3 import checksums
from localcloud.s3.chunked import decoded_chunks, incomplete, malformed, read_exactly
from localcloud.s3.content import CHUNK_BYTES, Content, Writer

MAX_BYTES = 5 << 30  # of one PutObject, UploadPart or copy
CONTENT = "localcloud.s3.content"  # where the environ of a request keeps what was received
_CHECKSUM = "x-amz-checksum-"


@dataclass(frozen=True)
class _Declared:
    """name: of the header or trailer that has the digest; a trailer's value is known at the end."""

    name: str
    algorithm: str
    in_trailer: bool = False


def receive(environ: Environ, folder: Path) -> Content:
    """The body of a PutObject or UploadPart; AwsError, and nothing is left, if it is not what the client declared.

    The request's environ is left with an empty body, and with the checksum as a header.
    """
    declared = _declared(environ)
    content = _read(environ, folder, declared)
    for each in declared:
        if each.name.startswith(_CHECKSUM):
            value = base64.b64encode(content.digest(each.algorithm)).decode()
            environ[_variable(each.name)] = value
            environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = each.algorithm
    environ["wsgi.input"] = io.BytesIO()
    environ["CONTENT_LENGTH"] = "0"
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"  # moto would decode it again
    environ[CONTENT] = content
    return content


def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def _declared(environ: Environ) -> list[_Declared]:
    found = [_Declared("content-md5", "MD5")] if environ.get("HTTP_CONTENT_MD5") is not None else []
    names = [f"{_CHECKSUM}{algorithm.lower()}" for algorithm in checksums.SIZES]
    given = [name for name in names if environ.get(_variable(name)) is not None]
    trailing = [name for name in environ.get("HTTP_X_AMZ_TRAILER", "").lower().split(",") if name.strip() in names]
    if len(given) + len(trailing) > 1:
        message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        raise AwsError("InvalidRequest", message)
    found += [_Declared(name, name.removeprefix(_CHECKSUM).upper()) for name in given]
    found += [_Declared(name.strip(), name.strip().removeprefix(_CHECKSUM).upper(), True) for name in trailing]
    asked = environ.get("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", "").upper()
    if asked and not any(each.name.startswith(_CHECKSUM) for each in found):
        missing = "no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
        raise AwsError("InvalidRequest", f"x-amz-sdk-checksum-algorithm specified, but {missing}")
    return found


def _read(environ: Environ, folder: Path, declared: list[_Declared]) -> Content:
    expected = {each: _digest(environ, each) for each in declared if not each.in_trailer}
    hashers = {each.algorithm: checksums.hasher(each.algorithm) for each in declared}
    hashers.setdefault("MD5", checksums.hasher("MD5"))  # the ETag
    trailers: dict[str, str] = {}
    with Writer(folder) as writer:
        for chunk in _chunks(environ, trailers):
            for computing in hashers.values():
                computing.update(chunk)
            writer.write(chunk)
        expected |= {each: _trailer(trailers, each) for each in declared if each.in_trailer}
        digests = {algorithm: computing.digest() for algorithm, computing in hashers.items()}
        for each, digest in expected.items():
            if digests[each.algorithm] != digest:
                raise checksums.mismatch(each.name, each.algorithm)
        content = writer.content()
    for algorithm, digest in digests.items():
        content.remember(algorithm, digest)
    return content


def _digest(environ: Environ, declared: _Declared) -> bytes:
    return checksums.decoded(declared.name, environ[_variable(declared.name)], declared.algorithm)


def _trailer(trailers: dict[str, str], declared: _Declared) -> bytes:
    if declared.name not in trailers:
        raise AwsError("MalformedTrailerError", "The request contained trailing data that was not well-formed.")
    return checksums.decoded(declared.name, trailers[declared.name], declared.algorithm)


def _chunks(environ: Environ, trailers: dict[str, str]) -> Iterator[bytes]:
    """The body's content; the connection's end before the body's is an AwsError.

    The body is read to its end, where one that is signed may say that it is not the one that was signed.
    """
    encoded = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "").startswith("STREAMING-")
    if environ.get("wsgi.input_terminated") and not encoded:
        # S3 takes Transfer-Encoding: chunked only around aws-chunked, which says the length.
        message = "A header you provided implies functionality that is not implemented"
        raise AwsError("NotImplemented", message, 501)
    size = _size(environ, "HTTP_X_AMZ_DECODED_CONTENT_LENGTH" if encoded else "CONTENT_LENGTH")
    if size > MAX_BYTES:
        raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
    source: IO[bytes] = environ["wsgi.input"]
    if encoded:
        limited = source if environ.get("wsgi.input_terminated") else LimitedStream(source, _size(environ))
        source = io.BufferedReader(limited, CHUNK_BYTES)  # type: ignore[type-var]
    received = 0
    try:
        for chunk in decoded_chunks(source, trailers) if encoded else read_exactly(source, size):
            received += len(chunk)
            if received > size:
                raise malformed()
            yield chunk
        if encoded and source.read(1):
            raise malformed()
    except (OSError, ClientDisconnected):  # the socket's; what goes wrong with the file is raised elsewhere
        raise incomplete() from None
    if received != size:
        raise incomplete()


def _size(environ: Environ, name: str = "CONTENT_LENGTH") -> int:
    text = environ.get(name, "")
    if not text.isdecimal():
        raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    return int(text)
