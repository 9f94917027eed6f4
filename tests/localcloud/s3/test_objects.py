"""What is stored is what is read: whole, in ranges, by part and by version, in memory and in files."""

from __future__ import annotations

import base64
import hashlib
import os
import zlib

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.s3.conftest import BUCKET

PART = 5 << 20
SMALL, LARGE = os.urandom(1000), os.urandom(300_000)


def read(s3, key: str, **options) -> bytes:
    return s3.get_object(Bucket=BUCKET, Key=key, **options)["Body"].read()


def upload(s3, key: str, parts: dict[int, bytes], **options) -> dict:
    """A multipart upload that is completed."""
    created = s3.create_multipart_upload(Bucket=BUCKET, Key=key, **options)["UploadId"]
    what = {"Bucket": BUCKET, "Key": key, "UploadId": created}
    algorithm = {name: options[name] for name in ("ChecksumAlgorithm",) if name in options}
    sent = [
        {"PartNumber": number, "ETag": s3.upload_part(**what, PartNumber=number, Body=body, **algorithm)["ETag"]}
        for number, body in parts.items()
    ]
    return s3.complete_multipart_upload(**what, MultipartUpload={"Parts": sent})


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "in memory", "in a file"])
def test_an_object_and_its_ranges(s3, data: bytes) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key="a b+c/ü", Body=data, Metadata={"who": "me"}, ContentType="x/y")["ETag"]
    head = s3.head_object(Bucket=BUCKET, Key="a b+c/ü")
    assert etag == head["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert (head["ContentLength"], head["Metadata"], head["ContentType"]) == (len(data), {"who": "me"}, "x/y")
    assert read(s3, "a b+c/ü") == data
    for text, expected in {"0-0": data[:1], "10-99": data[10:100], "900-": data[900:], "-5": data[-5:]}.items():
        if data:
            answer = s3.get_object(Bucket=BUCKET, Key="a b+c/ü", Range=f"bytes={text}")
            assert answer["Body"].read() == expected and answer["ContentLength"] == len(expected)
            assert answer["ContentRange"].endswith(f"/{len(data)}")
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket=BUCKET, Key="a b+c/ü", Range=f"bytes={len(data) + 1}-")


def test_parts_become_one_object_and_stay_parts(s3, files) -> None:
    before = files()
    parts = {2: os.urandom(PART), 5: os.urandom(PART), 9: b"end"}
    done = upload(s3, "parts", parts)
    whole = b"".join(parts.values())
    md5s = b"".join(hashlib.md5(part).digest() for part in parts.values())
    assert done["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-3"'
    assert (
        read(s3, "parts") == whole
        and read(s3, "parts", Range=f"bytes={PART - 9}-{PART + 9}") == (whole[PART - 9 : PART + 10])
    )
    answer = s3.get_object(Bucket=BUCKET, Key="parts", PartNumber=5)
    assert answer["Body"].read() == parts[5] and answer["PartsCount"] == 3
    assert answer["ContentRange"] == f"bytes {PART}-{2 * PART - 1}/{len(whole)}"
    assert sum(path.stat().st_size for path in files() - before) == 2 * PART, "nothing was copied"
    s3.delete_object(Bucket=BUCKET, Key="parts")
    assert files() == before


def test_a_part_is_replaced_and_one_that_is_not_named_is_dropped(s3, files) -> None:
    before = files()
    what = {"Bucket": BUCKET, "Key": "replaced"}
    what["UploadId"] = s3.create_multipart_upload(**what)["UploadId"]
    s3.upload_part(**what, PartNumber=1, Body=LARGE)
    s3.upload_part(**what, PartNumber=2, Body=LARGE[::-1])
    etag = s3.upload_part(**what, PartNumber=1, Body=LARGE[1:])["ETag"]
    s3.complete_multipart_upload(**what, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert read(s3, "replaced") == LARGE[1:] and len(files() - before) == 1
    again = s3.complete_multipart_upload(**what, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert read(s3, "replaced") == LARGE[1:] and again["ETag"].endswith('-1"')


def test_an_aborted_upload_leaves_nothing(s3, files) -> None:
    before = files()
    what = {"Bucket": BUCKET, "Key": "aborted"}
    what["UploadId"] = s3.create_multipart_upload(**what)["UploadId"]
    s3.upload_part(**what, PartNumber=1, Body=LARGE)
    s3.abort_multipart_upload(**what)
    assert files() == before
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.upload_part(**what, PartNumber=1, Body=LARGE)
    assert files() == before


def test_checksums_of_parts(s3) -> None:
    parts = {1: os.urandom(PART), 2: SMALL}
    upload(s3, "composite", parts, ChecksumAlgorithm="SHA256")
    expected = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts.values())).digest()
    answer = s3.get_object(Bucket=BUCKET, Key="composite", ChecksumMode="ENABLED")
    assert answer["ChecksumSHA256"] == f"{base64.b64encode(expected).decode()}-2"
    upload(s3, "full", parts, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    whole = zlib.crc32(b"".join(parts.values())).to_bytes(4, "big")
    answer = s3.get_object(Bucket=BUCKET, Key="full", ChecksumMode="ENABLED")
    assert answer["ChecksumCRC32"] == base64.b64encode(whole).decode() and answer["Body"].read()


def test_copies_share_the_file_and_outlive_the_source(s3, files) -> None:
    before = files()
    s3.put_object(Bucket=BUCKET, Key="source", Body=LARGE)
    source = {"Bucket": BUCKET, "Key": "source"}
    made = s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=source)["CopyObjectResult"]
    assert made["ETag"] == f'"{hashlib.md5(LARGE).hexdigest()}"' and len(files() - before) == 1
    what = {"Bucket": BUCKET, "Key": "of a range"}
    what["UploadId"] = s3.create_multipart_upload(**what)["UploadId"]
    part = s3.upload_part_copy(**what, PartNumber=1, CopySource=source, CopySourceRange="bytes=9-199999")
    etag = part["CopyPartResult"]["ETag"]
    assert etag == f'"{hashlib.md5(LARGE[9:200_000]).hexdigest()}"'
    s3.complete_multipart_upload(**what, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    s3.delete_object(Bucket=BUCKET, Key="source")
    assert read(s3, "copy") == LARGE and read(s3, "of a range") == LARGE[9:200_000]
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "copy"}, {"Key": "of a range"}]})
    assert files() == before


def test_versions_keep_their_content_until_each_is_deleted(s3, files) -> None:
    before = files()
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    bodies = [LARGE, LARGE[1:], LARGE[2:]]
    versions = [s3.put_object(Bucket="versions", Key="a", Body=body)["VersionId"] for body in bodies]
    marker = s3.delete_object(Bucket="versions", Key="a")["VersionId"]
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="versions", Key="a")
    found = [s3.get_object(Bucket="versions", Key="a", VersionId=version)["Body"].read() for version in versions]
    assert found == bodies and len(files() - before) == 3
    for version in (versions[1], versions[0], versions[2]):
        s3.delete_object(Bucket="versions", Key="a", VersionId=version)
    assert files() == before, "although the marker is still there"
    s3.delete_object(Bucket="versions", Key="a", VersionId=marker)
    s3.delete_bucket(Bucket="versions")


def test_a_reader_keeps_what_it_began_to_read(s3, files) -> None:
    data = os.urandom(30_000_000)
    s3.put_object(Bucket=BUCKET, Key="read", Body=data)
    body = s3.get_object(Bucket=BUCKET, Key="read")["Body"]
    start = body.read(10)
    s3.put_object(Bucket=BUCKET, Key="read", Body=b"another")
    s3.delete_object(Bucket=BUCKET, Key="read")
    assert start + body.read() == data


def test_a_form_is_a_body_like_any_other(s3, send) -> None:
    status, _ = send("PUT", f"/{BUCKET}/form", b"Action=b&c", Content_Type="application/x-www-form-urlencoded")
    assert status == 200 and read(s3, "form") == b"Action=b&c"
