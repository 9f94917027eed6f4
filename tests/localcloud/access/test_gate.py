"""Whatever a request says of its signature, the answer is a refusal of the service, and never a failure of ours."""

from __future__ import annotations

import io
import random
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.credentials import Credentials

from localcloud import AwsError
from localcloud.access.gate import Gate
from localcloud.access.keys import Keyring
from tests.attack import wire

ACCOUNT = "123456789012"
RING = Keyring(b"x" * 32, ACCOUNT)
KEYS = Credentials(RING.developer.id, RING.developer.secret, RING.developer.token)
TRIES = 150
PIECES = (
    "",
    " ",
    ",",
    ";",
    "=",
    "/",
    "%",
    "%2F",
    "\x00",
    "é",
    "\xff",
    "\u0663".encode().decode("latin-1"),
    "%D9%A3",
    "9" * 5000,
    "99991231T235959Z",
    "&",
    "?",
    "[",
)


def environ(call: wire.Call) -> dict[str, Any]:
    """As the server makes it."""
    path, _, query = call.path.partition("?")
    found: dict[str, Any] = {
        "REQUEST_METHOD": call.method, "REQUEST_URI": call.path, "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query, "HTTP_HOST": "localhost:4599", "CONTENT_LENGTH": str(len(call.body)),
        "wsgi.input": io.BytesIO(call.body),
    }  # fmt: skip
    for name, value in call.headers.items():
        variable = name.upper().replace("-", "_")
        found[variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"] = value
    return found


def admit(request: dict[str, Any]) -> None:
    Gate(RING, ACCOUNT).admit(request)
    request["wsgi.input"].read()


@pytest.mark.parametrize("protocol", list(wire.CALLS))
@pytest.mark.parametrize("way", ["header", "query"])
def test_mutations_are_refused(protocol: str, way: str) -> None:
    sign = wire.signed if way == "header" else wire.presigned
    call = wire.CALLS[protocol] if way == "header" else wire.Call(wire.CALLS[protocol].service, "GET", "/b/k")
    good = environ(sign(call, "http://localhost:4599", KEYS))
    admit({**good, "wsgi.input": io.BytesIO(call.body)})
    names = ["QUERY_STRING", "REQUEST_URI"] if way == "query" else ["HTTP_AUTHORIZATION", "HTTP_X_AMZ_DATE"]
    draw = random.Random(f"{protocol} {way}")
    for _ in range(TRIES):
        name = draw.choice(names)
        text = good[name]
        start = draw.randrange(len(text))
        changed = text[:start] + draw.choice(PIECES) + text[start + draw.choice((0, 1, 8, 60)) :]
        both = {name: changed} if way == "header" else dict.fromkeys(names, changed)
        if way == "query":
            both["REQUEST_URI"] = f"/b/k?{changed.rpartition('?')[2]}"
            both["QUERY_STRING"] = changed.rpartition("?")[2]
        request = {**good, **both, "wsgi.input": io.BytesIO(call.body)}
        try:
            admit(request)
        except AwsError as refused:
            assert 400 <= refused.status < 500
        else:
            # The same claim written in another way, such as with a space behind a comma.
            assert squeezed(changed) == squeezed(text), changed


def squeezed(text: str) -> str:
    """Without spaces, and parts that are empty."""
    return "&".join(filter(None, text.rpartition("?")[2].replace(" ", "").replace(",,", ",").strip(",").split("&")))


@pytest.mark.parametrize(
    "date", ["", "x", "Mon, 99 Foo 2026", "Sun, 06 Nov 1994 08:49:37 GMT", "0", "99999999T999999Z"]
)
def test_other_dates(date: str) -> None:
    request = environ(wire.signed(wire.CALLS["rest-xml"], "http://localhost:4599", KEYS))
    del request["HTTP_X_AMZ_DATE"]
    with pytest.raises(AwsError) as refused:
        admit({**request, "HTTP_DATE": date})
    assert refused.value.status < 500
