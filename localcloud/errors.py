"""Errors in the shapes that AWS clients parse."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response


@dataclass
class AwsError(Exception):
    """Raised by an operation; the server sends it to the client in the service's own format."""

    code: str
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def own_failure(error: Exception) -> str:
    """What to tell of an error that is not AWS's: that the disk is full, or that this cloud failed."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        place = f" at {error.filename}" if error.filename else ""
        return f"localcloud failed: the disk is full{place}: free some space and call again; what was answered is whole"
    return f"localcloud failed: {type(error).__name__}: {error}"


def not_emulated(service: str, operation: str) -> AwsError:
    """The refusal of an operation that this cloud does not emulate."""
    return AwsError("NotImplemented", f"localcloud does not emulate {service}:{operation}", 501)


def json_error(error: AwsError) -> Response:
    """An error as the JSON protocols (1.0, 1.1, REST) carry it."""
    body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
    return Response(body, error.status, {"x-amzn-ErrorType": error.code}, content_type="application/x-amz-json-1.1")


def cbor_error(error: AwsError) -> Response:
    """An error as the RPC v2 CBOR protocol carries it: a map of two texts."""
    pairs = (("__type", error.code), ("message", error.message))
    body = b"\xa2" + b"".join(_cbor_text(text) for pair in pairs for text in pair)
    headers = {"smithy-protocol": "rpc-v2-cbor"}
    return Response(body, error.status, headers, content_type="application/cbor")


def _cbor_text(text: str) -> bytes:
    # A text with a length of two bytes; RFC 8949 lets encoders choose.
    content = text.encode()[:0xFFFF]
    return b"\x79" + len(content).to_bytes(2) + content


def xml_error(error: AwsError, *, s3: bool = False) -> Response:
    """An error as the query protocol, or S3, carries it."""
    fields = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if s3:
        body = f"<Error>{fields}<RequestId>localcloud</RequestId></Error>"
    else:
        error_element = f"<Error><Type>Sender</Type>{fields}</Error>"
        body = f"<ErrorResponse>{error_element}<RequestId>localcloud</RequestId></ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{body}', error.status, content_type="text/xml")
