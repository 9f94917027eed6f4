"""Names and pages that are not the local cloud's own: DNS rebinding, forms and scripts of any site, CORS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore.credentials import Credentials

from localcloud import LocalCloud
from tests.attack import wire
from tests.attack.wire import CALLS, Answer, Call

PROTOCOLS = list(CALLS)


def code(answer: Answer) -> str:
    assert answer.status >= 400, answer
    return answer.error[0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "localhost.", "", "["])
def test_a_name_that_is_not_ours(protocol: str, host: str, url: str, keys: Credentials) -> None:
    """DNS rebinding: the page's name leads to this machine, and stays in the Host."""
    call = wire.signed(CALLS[protocol].with_headers(Host=f"{host}:4599" if host != "[" else host), url, keys)
    answer = wire.send(call, url)
    assert (answer.status, code(answer)) == (403, "AccessDenied")
    assert "localcloud answers to localhost" in answer.error[1]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:4599", "attacked.localhost"])
def test_our_own_names(host: str, url: str, keys: Credentials) -> None:
    path = "/" if host.startswith("attacked") else "/attacked"
    call = wire.signed(Call("s3", "GET", path, headers={"Host": host}), url, keys)
    assert wire.send(call, url).status == 200


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("header", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:1"},
    {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
])  # fmt: skip
def test_a_foreign_page(protocol: str, header: dict[str, str], url: str, keys: Credentials) -> None:
    """Even with a signature, which a page cannot make."""
    answer = wire.send(
        wire.signed(replace(CALLS[protocol], headers={**CALLS[protocol].headers, **header}), url, keys), url
    )
    assert (answer.status, code(answer)) == (403, "AccessForbidden")
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.fixture
def shared(attacked: LocalCloud) -> Iterator[str]:
    """A bucket that lets one origin read it, and any write below a header."""
    s3 = attacked.cloud.client("s3")
    rules = [
        {"AllowedOrigins": ["https://app.example"], "AllowedMethods": ["GET"], "ExposeHeaders": ["ETag"]},
        {"AllowedOrigins": ["https://*.up.example"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["content-*"]},
    ]
    s3.put_bucket_cors(Bucket="attacked", CORSConfiguration={"CORSRules": rules})
    yield "/attacked/a%20b/%C3%A9%2B%27%28.txt"
    s3.delete_bucket_cors(Bucket="attacked")


def cors_headers(answer: Answer) -> dict[str, str]:
    return {k.removeprefix("access-control-"): v for k, v in answer.headers.items() if k.startswith("access-control-")}


def test_a_page_that_a_bucket_admits_needs_a_signature_too(shared: str, url: str, keys: Credentials) -> None:
    call = Call("s3", "GET", shared, headers={"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"})
    assert code(wire.send(call, url)) == "AccessDenied"
    answer = wire.send(wire.presigned(call, url, keys), url)
    assert answer.body == b"kept"
    assert cors_headers(answer) == {
        "allow-origin": "https://app.example", "allow-methods": "GET", "allow-credentials": "true",
        "expose-headers": "ETag",
    }  # fmt: skip
    for origin, method in (("https://evil.example", "GET"), ("https://app.example", "PUT"), ("null", "GET")):
        other = replace(call.with_headers(Origin=origin), method=method)
        answer = wire.send(wire.presigned(other, url, keys), url)
        assert (code(answer), cors_headers(answer)) == ("AccessForbidden", {})


@pytest.mark.parametrize(("origin", "method", "headers", "admitted"), [
    ("https://a.up.example", "PUT", "content-type, Content-MD5", True),
    ("https://a.up.example", "PUT", "authorization", False),
    ("https://a.up.example", "GET", "", False),
    ("https://app.example", "GET", "", True),
    ("https://app.example.evil", "GET", "", False),
])  # fmt: skip
def test_what_a_browser_asks_before(
    origin: str, method: str, headers: str, admitted: bool, shared: str, url: str
) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    answer = wire.send(Call("s3", "OPTIONS", shared, headers=asked), url)
    assert answer.status == (200 if admitted else 403)
    assert ("allow-origin" in cors_headers(answer)) is admitted
    assert wire.send(Call("s3", "OPTIONS", "/", headers=asked), url).status == 403
