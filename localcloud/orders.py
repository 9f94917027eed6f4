"""Orders to a running local cloud, and questions about it, signed as its other requests are."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import botocore.session
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

_REGION = "us-east-1"
_HINT = "set the AWS_* variables of the local cloud, or AWS_SHARED_CREDENTIALS_FILE as it says when it starts"


def ask(client: Callable[[str], BaseClient], path: str) -> Any:
    """What the cloud says of itself at one of its own paths, parsed.

    client: service name -> boto3 client of a running cloud. As a client of S3 asks for an object, it signs the request.
    """
    bucket, _, key = path.lstrip("/").partition("/")
    return json.load(client("s3").get_object(Bucket=bucket, Key=key)["Body"])


def order(
    url: str, content: Mapping[str, object] | None = None, method: str = "POST", keys: Credentials | None = None
) -> Any:
    """The answer to an order, parsed. Raises urllib's HTTPError, whose body says in "error" what is wrong.

    keys: those of this process's AWS_* variables when left out; NoCredentialsError if it has none.
    """
    body = json.dumps(content or {}).encode()
    signed = AWSRequest(method, url, data=body)
    S3SigV4Auth(keys or botocore.session.get_session().get_credentials(), "s3", _REGION).add_auth(signed)
    request = urllib.request.Request(url, body, dict(signed.headers.items()), method=method)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def send(port: int, path: str, content: Mapping[str, object], method: str = "POST") -> Any:
    """The answer to an order from a shell; None after a sentence on stderr that says why there is none."""
    url = f"http://localhost:{port}{path}"
    try:
        return order(url, content, method)
    except NoCredentialsError:
        print(f"no credentials: {_HINT}", file=sys.stderr)
    except urllib.error.HTTPError as refused:
        reason = json.load(refused)["error"]
        print(f"{reason} ({_HINT})" if refused.code == HTTPStatus.FORBIDDEN else reason, file=sys.stderr)
    except urllib.error.URLError as error:
        print(f"no local cloud answers at {url} ({error.reason}): start it, or pass its --port", file=sys.stderr)
    return None
