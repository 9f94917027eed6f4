"""Functions against moto in this process: buckets of a fresh account, no clients of an earlier test."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from moto import mock_aws

from lambdas.common.clients import client

DATA, ARTIFACTS = "data-bucket", "artifacts-bucket"


@pytest.fixture(autouse=True, scope="module")
def credentials():
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
def aws():
    """`aws.s3` and the names of the two buckets, in an otherwise empty account."""
    with mock_aws():
        for name in (DATA, ARTIFACTS):
            client("s3").create_bucket(Bucket=name)
        yield SimpleNamespace(s3=client("s3"), data=DATA, artifacts=ARTIFACTS)


@pytest.fixture
def function(monkeypatch):
    """Call a handler with its environment set."""

    def call(handler, environment, event):
        for name, value in environment.to_environment().items():
            monkeypatch.setenv(name, value)
        return handler(event, SimpleNamespace(aws_request_id="r-1"))

    return call
