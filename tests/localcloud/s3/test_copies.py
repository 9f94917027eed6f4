"""Copies that S3 makes and moto does not: of large objects, and on a condition."""

from __future__ import annotations

import hashlib

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from localcloud import LocalCloud

MEBIBYTE = 1024 * 1024


def test_a_copy_of_a_multipart_object_can_be_downloaded(tmp_path):
    content = hashlib.sha256(b"seed").digest() * (12 * MEBIBYTE // 32)
    (tmp_path / "large").write_bytes(content)
    with LocalCloud(tmp_path / "state") as cloud:
        s3 = cloud.cloud.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.upload_file(str(tmp_path / "large"), "bucket", "a", Config=TransferConfig(multipart_threshold=5 * MEBIBYTE))
        s3.copy_object(Bucket="bucket", Key="b", CopySource={"Bucket": "bucket", "Key": "a"})
        assert s3.get_object(Bucket="bucket", Key="b")["Body"].read() == content


def test_a_copy_on_the_condition_that_the_key_is_free(tmp_path):
    with LocalCloud(tmp_path / "state") as cloud:
        s3 = cloud.cloud.client("s3")
        s3.create_bucket(Bucket="bucket")
        for key in ("a", "taken"):
            s3.put_object(Bucket="bucket", Key=key, Body=key.encode())
        source = {"Bucket": "bucket", "Key": "a"}
        s3.copy_object(Bucket="bucket", Key="free", CopySource=source, IfNoneMatch="*")
        with pytest.raises(ClientError) as refused:
            s3.copy_object(Bucket="bucket", Key="taken", CopySource=source, IfNoneMatch="*")
        assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
        assert [s3.get_object(Bucket="bucket", Key=key)["Body"].read() for key in ("free", "taken")] == [b"a", b"taken"]
        s3.copy_object(Bucket="bucket", Key="taken", CopySource=source)
        assert s3.get_object(Bucket="bucket", Key="taken")["Body"].read() == b"a"
