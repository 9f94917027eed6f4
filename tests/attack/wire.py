"""Requests to a local cloud byte by byte: signed by botocore, then changed as an attacker would change them."""

from __future__ import annotations

import datetime
import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from unittest import mock
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import RpcV2CBORParser

REGION = "us-east-1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True)
class Call:
    """A request of one protocol. path: with its query, as it is sent."""

    service: str
    method: str = "POST"
    path: str = "/"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, **headers: str | None) -> Call:
        """With headers added, changed, or taken away by None; `_` stands for `-`."""
        changes = {name.replace("_", "-"): value for name, value in headers.items()}
        merged = {**{k: v for k, v in self.headers.items() if k.lower() not in {n.lower() for n in changes}}, **changes}
        return replace(self, headers={name: value for name, value in merged.items() if value is not None})


CALLS = {
    "json": Call("logs", body=b"{}", headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}),
    "query": Call("sns", body=b"Action=ListTopics&Version=2010-03-31", headers={"Content-Type": FORM}),
    "ec2": Call("ec2", body=b"Action=DescribeVpcs&Version=2016-11-15", headers={"Content-Type": FORM}),
    "rest-json": Call("scheduler", path="/schedule-groups/a%3Ab?x=a%20b&x=%C3%A9", method="PUT", body=b"{}", headers={
        "Content-Type": "application/json"}),
    "rest-xml": Call("s3", "PUT", "/attacked/a%20b/%C3%A9%2B%27%28.txt?tagging=", b"<Tagging/>"),
    "cbor": Call(
        "monitoring", path="/service/GraniteServiceVersion20100801/operation/ListMetrics", body=b"\xa0",
        headers={"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}),
}  # fmt: skip
"""One call of each protocol that a cloud knows."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> tuple[str, str]:
        """Code and message, in whichever protocol they came."""
        if self.headers.get("content-type") == "application/cbor":
            parsed = RpcV2CBORParser().parse({"status_code": self.status, "headers": {}, "body": self.body}, None)
            return parsed["Error"]["Code"], parsed["Error"]["Message"]
        text = self.body.decode()
        if text.startswith("{"):
            found = json.loads(text)
            return found.get("__type", ""), found.get("message", "")
        parts = [re.search(f"<{name}>(.*?)</{name}>", text, re.S) for name in ("Code", "Message")]
        return tuple(part[1] if part else "" for part in parts)  # type: ignore[return-value]


@contextmanager
def clock(offset: datetime.timedelta) -> Iterator[None]:
    """Sign with a clock that is wrong by `offset`."""
    now = datetime.datetime.now(datetime.UTC) + offset
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        yield


def signed(call: Call, url: str, keys: Credentials, payload: str | None = None) -> Call:
    """payload: what x-amz-content-sha256 says; the hash of the body when left out."""
    request = AWSRequest(call.method, url + call.path, dict(call.headers), call.body)
    signer: SigV4Auth = (S3SigV4Auth if call.service == "s3" else SigV4Auth)(keys, call.service, REGION)
    if payload is not None:
        signer.payload = lambda request: payload
    signer.add_auth(request)
    return replace(call, headers=dict(request.headers.items()))


def presigned(call: Call, url: str, keys: Credentials, seconds: int = 60) -> Call:
    request = AWSRequest(call.method, url + call.path, dict(call.headers))
    signer = S3SigV4QueryAuth if call.service == "s3" else SigV4QueryAuth
    signer(keys, call.service, REGION, seconds).add_auth(request)
    parts = urlsplit(request.url)
    return replace(call, path=f"{parts.path}?{parts.query}")


def send(call: Call, url: str) -> Answer:
    """What the server says to these bytes; a Host among the headers replaces the server's own."""
    connection = http.client.HTTPConnection("127.0.0.1", int(url.rpartition(":")[2]), timeout=30)
    names = {name.lower() for name in call.headers}
    connection.putrequest(call.method, call.path, skip_host=True, skip_accept_encoding=True)
    defaults = {"host": urlsplit(url).netloc, "content-length": str(len(call.body))}
    for name, value in {**{k: v for k, v in defaults.items() if k not in names}, **call.headers}.items():
        connection.putheader(name, value)
    connection.endheaders(call.body)
    response = connection.getresponse()
    answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    connection.close()
    return answer
