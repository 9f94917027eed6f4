"""Signed requests that boto3 would not send."""

from __future__ import annotations

import http.client

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localcloud import LocalCloud

Answer = tuple[int, str]  # status, body


class _Signer(S3SigV4Auth):
    def __init__(self, payload: str, *arguments: object) -> None:
        super().__init__(*arguments)
        self._payload = payload

    def payload(self, request: AWSRequest) -> str:
        return self._payload


def signed(cloud: LocalCloud, method: str, path: str, payload: str = "UNSIGNED-PAYLOAD", **headers: str) -> dict:
    """The headers of a request, `_` in place of `-`, and its signature; `payload` is its x-amz-content-sha256."""
    variables = cloud.environment()
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, f"{cloud.url}{path}", fields)
    credentials = Credentials(*(variables[name] for name in names))
    _Signer(payload, credentials, "s3", variables["AWS_REGION"]).add_auth(request)
    return dict(request.headers)


def send(cloud: LocalCloud, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(cloud.url.removeprefix("http://"), timeout=30)
    connection.request(method, path, body, signed(cloud, method, path, **headers))
    answer = connection.getresponse()
    return answer.status, answer.read().decode()
