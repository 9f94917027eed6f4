"""Functions against moto, in this process: buckets of a fresh account, and no client of an earlier test."""

from __future__ import annotations

from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from lambdas.common.clients import client

DATA, ARTIFACTS = "data-bucket", "artifacts-bucket"


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def aws():
    """`aws.s3` and the names of the two buckets."""
    with mock_aws():
        client.cache_clear()
        s3 = boto3.client("s3")
        for name in (DATA, ARTIFACTS):
            s3.create_bucket(Bucket=name)
        yield SimpleNamespace(s3=s3, data=DATA, artifacts=ARTIFACTS)
    client.cache_clear()


@pytest.fixture
def function(monkeypatch):
    """Call a handler with its environment set."""

    def call(handler, environment, event):
        for name, value in environment.to_environment().items():
            monkeypatch.setenv(name, value)
        return handler(event, SimpleNamespace(aws_request_id="r-1"))

    return call
