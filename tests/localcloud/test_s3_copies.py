"""Large objects, which S3 copies as moto does not."""

from __future__ import annotations

import hashlib

from boto3.s3.transfer import TransferConfig

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
