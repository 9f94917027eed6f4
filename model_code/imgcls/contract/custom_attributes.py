"""CustomAttributes: the only text that InvokeEndpoint carries between a caller and a container, in both directions.

The caller asks with `format=full,top_k=3,request=order-17`; the server answers `version=20261120T132415Z-1a2b3c4d;
request=order-17`. Other headers of a container never reach a caller.
"""

from __future__ import annotations

import re

MAX_CHARS = 1024
"""Visible US-ASCII characters, in each direction
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html)."""
FORMAT, TOP_K, REQUEST, VERSION = "format", "top_k", "request", "version"
_REQUEST_ID = re.compile(r"[\w.:/=+-]{1,128}", re.ASCII)


def is_request_id(text: str) -> bool:
    """Whether `text` may go into a log line and a header as the id of a request."""
    return bool(_REQUEST_ID.fullmatch(text))


def parse(text: str | None) -> dict[str, str]:
    """`top_k=5,format=named`, separated by commas or semicolons, as name -> value; names in lower case."""
    pairs = (item.partition("=") for item in (text or "").replace(";", ",").split(","))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def answer(request: str, version: str | None = None) -> str:
    """The server's answer; without a version where no model answered."""
    return (f"{VERSION}={version};" if version else "") + f"{REQUEST}={request}"
