"""What a destroy has to take away, and what it must not touch."""

from __future__ import annotations

from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

import config
from kennel.cloud import teardown


@pytest.fixture
def s3(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="artifacts")
        client.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
        yield client


def test_a_bucket_is_emptied_of_every_version_and_marker(s3):
    for body in (b"1", b"2"):
        s3.put_object(Bucket="artifacts", Key="models/a", Body=body)
    s3.delete_object(Bucket="artifacts", Key="models/a")
    s3.put_object(Bucket="artifacts", Key="runs/b", Body=b"3")
    teardown.empty_bucket(s3, "artifacts")
    s3.delete_bucket(Bucket="artifacts")


def test_an_environment_that_retains_its_data_is_not_touched():
    def no_client(service):
        raise AssertionError(f"{service} was called")

    teardown.before_destroy(SimpleNamespace(config=config.load("prod"), client=no_client))


def test_a_refused_delete_names_the_key(s3, monkeypatch):
    s3.put_object(Bucket="artifacts", Key="models/a", Body=b"1")
    refused = {"Errors": [{"Key": "models/a", "Code": "AccessDenied", "Message": "Access Denied"}]}
    monkeypatch.setattr(s3, "delete_objects", lambda **_: refused)
    with pytest.raises(RuntimeError, match=r"s3://artifacts/models/a cannot be deleted: Access Denied"):
        teardown.empty_bucket(s3, "artifacts")
