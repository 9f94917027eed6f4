"""Functions against moto in this process: buckets of a fresh account, no clients of an earlier test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from moto import mock_aws

from lambdas.common.clients import client
from lambdas.common.environment import FunctionEnvironment
from lambdas.common.log import Handler

DATA, ARTIFACTS = "data-bucket", "artifacts-bucket"


@dataclass(frozen=True)
class Account:
    """A client, and the names of the data bucket and the artifacts bucket."""

    s3: Any
    data: str
    artifacts: str


class Call(Protocol):
    """Calls a handler with its environment set."""

    def __call__(self, handler: Handler, environment: FunctionEnvironment, event: dict[str, Any]) -> Any: ...


@pytest.fixture(autouse=True, scope="module")
def credentials() -> Iterator[None]:
    """Fake credentials. Clients are created once per module: creating one takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        client.cache_clear()
        yield
        client.cache_clear()


@pytest.fixture
def aws() -> Iterator[Account]:
    """Two buckets in an otherwise empty account."""
    with mock_aws():
        for name in (DATA, ARTIFACTS):
            client("s3").create_bucket(Bucket=name)
        yield Account(client("s3"), DATA, ARTIFACTS)


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Call:

    def call(handler: Handler, environment: FunctionEnvironment, event: dict[str, Any]) -> Any:
        for name, value in environment.to_environment().items():
            monkeypatch.setenv(name, value)
        return handler(event, SimpleNamespace(aws_request_id="r-1"))

    return call
