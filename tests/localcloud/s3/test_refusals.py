"""What S3 refuses of objects, with its code and status, and that nothing is left of it."""

from __future__ import annotations

import base64
import hashlib

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.s3.conftest import BUCKET

PART = 5 << 20
LARGE = bytes(range(256)) * 2000
OTHER_MD5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
CHUNKS = {"payload": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "Content_Encoding": "aws-chunked"}


def test_a_body_that_is_not_the_declared_one(s3, send, files) -> None:
    before = files()
    body = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n" % (len(LARGE), LARGE)
    trailer = {"X_Amz_Trailer": "x-amz-checksum-crc32", "X_Amz_Decoded_Content_Length": str(len(LARGE))}
    refused = {
        "BadDigest": [
            send("PUT", f"/{BUCKET}/bad", LARGE, Content_MD5=OTHER_MD5),
            send("PUT", f"/{BUCKET}/bad", LARGE, X_Amz_Checksum_Crc32="AAAAAA=="),
            send("PUT", f"/{BUCKET}/bad", body, **CHUNKS, **trailer),
        ],
        "InvalidDigest": [send("PUT", f"/{BUCKET}/bad", LARGE, Content_MD5="bm8=")],
        "InvalidRequest": [send("PUT", f"/{BUCKET}/bad", LARGE, X_Amz_Checksum_Crc32="bm8=")],
    }
    for code, answers in refused.items():
        for status, text in answers:
            assert status == 400 and f"<Code>{code}</Code>" in text
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=BUCKET, Key="bad")
    assert files() == before


def test_a_trailer_is_kept_as_the_objects_checksum(s3, send) -> None:
    trailer = {"X_Amz_Trailer": "x-amz-checksum-crc32", "X_Amz_Decoded_Content_Length": "9"}
    body = b"5\r\n12345\r\n4\r\n6789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n"
    assert send("PUT", f"/{BUCKET}/trailed", body, **CHUNKS, **trailer)[0] == 200
    answer = s3.get_object(Bucket=BUCKET, Key="trailed", ChecksumMode="ENABLED")
    assert answer["ChecksumCRC32"] == "y/Q5Jg==" and answer["Body"].read() == b"123456789"
    assert "ContentEncoding" not in answer


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content_Length": str((5 << 30) + 1), "Expect": "100-continue"}, 400, "EntityTooLarge"),
        ({"Transfer_Encoding": "chunked"}, 501, "NotImplemented"),
        ({**CHUNKS, "Content_Length": "0"}, 411, "MissingContentLength"),
        ({"If_None_Match": '"etag"'}, 501, "NotImplemented"),
        ({"If_Match": '"etag"'}, 404, "NoSuchKey"),
    ],
)
def test_a_put_by_its_headers(send, headers: dict[str, str], status: int, code: str) -> None:
    answer = send("PUT", f"/{BUCKET}/absent", **headers)
    assert answer[0] == status and f"<Code>{code}</Code>" in answer[1]


@pytest.mark.parametrize("number", ["0", "10001", "-1"])
def test_a_part_number_out_of_range(s3, send, number: str) -> None:
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="k")["UploadId"]
    status, text = send("PUT", f"/{BUCKET}/k?partNumber={number}&uploadId={upload}", b"a")
    assert status == 400 and "<Code>InvalidArgument</Code>" in text


def test_uploads_that_cannot_be_completed(s3) -> None:
    what = {"Bucket": BUCKET, "Key": "incomplete"}
    what["UploadId"] = s3.create_multipart_upload(**what)["UploadId"]
    etags = [s3.upload_part(**what, PartNumber=n, Body=b)["ETag"] for n, b in ((1, b"a" * PART), (2, b"b"), (3, b"c"))]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    for chosen, code in {
        (0, 1, 2): "EntityTooSmall",
        (1, 0): "InvalidPartOrder",
        (0, 0): "InvalidPartOrder",
    }.items():
        with pytest.raises(ClientError, match=code):
            s3.complete_multipart_upload(**what, MultipartUpload={"Parts": [parts[index] for index in chosen]})
    for wrong in ({"PartNumber": 4, "ETag": etags[0]}, {"PartNumber": 1, "ETag": etags[1]}):
        with pytest.raises(ClientError, match="InvalidPart"):
            s3.complete_multipart_upload(**what, MultipartUpload={"Parts": [wrong]})
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.complete_multipart_upload(**what, MultipartUpload={"Parts": []})
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.complete_multipart_upload(**{**what, "UploadId": "none"}, MultipartUpload={"Parts": parts})
    s3.complete_multipart_upload(**what, MultipartUpload={"Parts": parts[:2]})


@pytest.mark.parametrize("text", ["bytes=5-1", "bytes=0-9999999", "bytes=0-", "0-3"])
def test_a_range_of_a_copy_that_the_source_does_not_have(s3, text: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="source", Body=LARGE)
    what = {"Bucket": BUCKET, "Key": "copied"}
    what["UploadId"] = s3.create_multipart_upload(**what)["UploadId"]
    source = {"Bucket": BUCKET, "Key": "source"}
    with pytest.raises(ClientError, match="InvalidArgument"):
        s3.upload_part_copy(**what, PartNumber=1, CopySource=source, CopySourceRange=text)


def test_select_is_refused_by_name(s3) -> None:
    with pytest.raises(ClientError, match="does not emulate s3:SelectObjectContent"):
        s3.select_object_content(
            Bucket=BUCKET, Key="k", Expression="select 1", ExpressionType="SQL",
            InputSerialization={"CSV": {}}, OutputSerialization={"CSV": {}},
        )  # fmt: skip
