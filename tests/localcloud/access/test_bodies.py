"""Bodies are checked while they are read, and never held whole; the examples are those of S3's documentation."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localcloud import AwsError, LocalCloud
from localcloud.access.bodies import ChunkCheck, HashCheck, check_while_read
from localcloud.access.claims import read_claim
from localcloud.access.keys import Key
from localcloud.access.refusals import NotAdmitted
from localcloud.access.signatures import Verification
from tests.attack import wire

# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
TIME = "20130524T000000Z"
SEED, *CHUNKS = (
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
TRAILER_SEED, *TRAILER_CHUNKS = (
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER = (
    b"x-amz-checksum-crc32c:sOO8/Q==\n\r\n"
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
)


def example_key(text: str, signature: str) -> bool:
    request = AWSRequest("PUT", "http://x")
    request.context["timestamp"] = TIME
    return bool(S3SigV4Auth(EXAMPLE, "s3", "us-east-1").signature(text, request) == signature)


def chunked(signatures: list[str], data: bytes = b"a", end: bytes = b"\r\n") -> bytes:
    first, second, last = (signature.encode() for signature in signatures)
    return (
        b"10000;chunk-signature=" + first + b"\r\n" + data * 65536 + b"\r\n"
        b"400;chunk-signature=" + second + b"\r\n" + data * 1024 + b"\r\n"
        b"0;chunk-signature=" + last + b"\r\n" + end
    )  # fmt: skip


def read(body: bytes, check: Any, size: int = -1) -> bytes:
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    check_while_read(environ, check)
    pieces = iter(lambda: environ["wsgi.input"].read(size), b"")
    return b"".join(pieces)


def example(*, trailer: bool = False) -> ChunkCheck:
    seed = TRAILER_SEED if trailer else SEED
    return ChunkCheck(seed, TIME, "20130524/us-east-1/s3/aws4_request", example_key, trailer=trailer)


@pytest.mark.parametrize("size", [-1, 1, 1000, 65537])
def test_the_documented_upload_in_chunks(size: int) -> None:
    body = chunked(CHUNKS)
    assert read(body, example(), size) == body
    body = chunked(TRAILER_CHUNKS, end=TRAILER)
    assert read(body, example(trailer=True), size) == body


@pytest.mark.parametrize(("body", "code"), [
    (chunked(CHUNKS, b"b"), "SignatureDoesNotMatch"),
    (chunked([CHUNKS[1], CHUNKS[0], CHUNKS[2]]), "SignatureDoesNotMatch"),
    (chunked([*CHUNKS[:2], CHUNKS[0]]), "SignatureDoesNotMatch"),
    (chunked(CHUNKS)[: -95], "IncompleteBody"),
    (chunked(CHUNKS)[:60000], "IncompleteBody"),
    (chunked(CHUNKS).replace(b"chunk-signature=" + CHUNKS[1].encode(), b"x=1"), "InvalidRequest"),
    (chunked(CHUNKS).replace(b"400;", b"-1;"), "InvalidRequest"),
    (chunked(CHUNKS).replace(b"0;", b"0" * 5000 + b";", 1), "InvalidRequest"),
    (chunked(CHUNKS, end=b"x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n"), "IncompleteBody"),
    (b"a" * 70000, "InvalidRequest"),
    (b"", "IncompleteBody"),
])  # fmt: skip
def test_chunks_that_were_changed(body: bytes, code: str) -> None:
    for size in (-1, 4096):
        with pytest.raises(AwsError) as refused:
            read(body, example(), size)
        assert refused.value.code == code


def test_a_trailer_that_was_changed_or_left_out() -> None:
    for end, code in ((TRAILER.replace(b"sOO8", b"sOO9"), "SignatureDoesNotMatch"), (b"\r\n", "IncompleteBody")):
        with pytest.raises(AwsError) as refused:
            read(chunked(TRAILER_CHUNKS, end=end), example(trailer=True))
        assert refused.value.code == code


@pytest.mark.parametrize(("headers", "query", "admitted"), [
    ({"HTTP_RANGE": "bytes=0-9", "HTTP_X_AMZ_DATE": TIME, "HTTP_AUTHORIZATION": (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")}, "", True),
    ({"HTTP_RANGE": "bytes=0-8", "HTTP_X_AMZ_DATE": TIME, "HTTP_AUTHORIZATION": (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")}, "", False),
    ({}, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
         f"aws4_request&X-Amz-Date={TIME}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
         "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", True),
])  # fmt: skip
def test_the_documented_signatures(headers: dict[str, str], query: str, admitted: bool) -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "REQUEST_URI": f"/test.txt?{query}", "QUERY_STRING": query,
        "HTTP_HOST": "examplebucket.s3.amazonaws.com", "HTTP_X_AMZ_CONTENT_SHA256": empty, **headers,
    }  # fmt: skip
    key = Key(EXAMPLE.access_key, EXAMPLE.secret_key, None)
    verification = Verification(environ, read_claim(environ), key)
    payload = "UNSIGNED-PAYLOAD" if query else empty
    if admitted:
        verification.check_signature(payload)
    else:
        with pytest.raises(NotAdmitted):
            verification.check_signature(payload)


class _Zeros(io.RawIOBase):
    """A body that is as large as it is read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = bytes(len(buffer))
        return len(buffer)


def test_a_large_body_is_not_held_in_memory() -> None:
    size = 256 << 20
    environ = {"wsgi.input": io.BufferedReader(_Zeros()), "CONTENT_LENGTH": str(size)}
    # sha256 of 256 MiB of zeros
    check_while_read(environ, HashCheck("a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484"))
    tracemalloc.start()
    total = 0
    while piece := environ["wsgi.input"].read(1 << 20):
        total += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == size
    assert peak < 8 << 20


# -- through the server ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as running:
        running.cloud.client("s3").create_bucket(Bucket="uploads")
        yield running


def stored(cloud: LocalCloud) -> bytes | None:
    s3 = cloud.cloud.client("s3")
    found = s3.list_objects_v2(Bucket="uploads", Prefix="key").get("Contents")
    body: bytes | None = s3.get_object(Bucket="uploads", Key="key")["Body"].read() if found else None
    s3.delete_object(Bucket="uploads", Key="key")
    return body


def put(cloud: LocalCloud, payload: str, body: bytes, **headers: str) -> tuple[wire.Call, Credentials]:
    developer = cloud.cloud.keys.developer
    keys = Credentials(developer.id, developer.secret, developer.token)
    call = wire.Call("s3", "PUT", "/uploads/key", body).with_headers(**headers)
    return wire.signed(call, cloud.url, keys, payload), keys


def test_an_upload_in_signed_chunks(cloud: LocalCloud) -> None:
    data = [b"x" * 70000, b"y" * 10, b""]
    mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    call, keys = put(cloud, mode, b"", X_Amz_Decoded_Content_Length="70010", Content_Encoding="aws-chunked")
    time, signature = call.headers["X-Amz-Date"], call.headers["Authorization"].rpartition("=")[2]
    request = AWSRequest("PUT", "http://x")
    request.context["timestamp"] = time
    signer, body = S3SigV4Auth(keys, "s3", "us-east-1"), b""
    for chunk in data:
        hashes = [hashlib.sha256(part).hexdigest() for part in (b"", chunk)]
        parts = ["AWS4-HMAC-SHA256-PAYLOAD", time, signer.credential_scope(request), signature, *hashes]
        signature = signer.signature("\n".join(parts), request)
        body += f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + chunk + b"\r\n"
    answer = wire.send(replace(call, body=body), cloud.url)
    assert (answer.status, stored(cloud)) == (200, b"".join(data)), answer
    answer = wire.send(replace(call, body=body.replace(b"y" * 10, b"z" * 10)), cloud.url)
    assert (answer.error[0], stored(cloud)) == ("SignatureDoesNotMatch", None)


def test_an_upload_with_an_unsigned_trailer(cloud: LocalCloud) -> None:
    body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    mode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    headers = {"X_Amz_Decoded_Content_Length": "5", "X_Amz_Trailer": "x-amz-checksum-crc32"}
    call, _ = put(cloud, mode, body, Content_Encoding="aws-chunked", **headers)
    assert (wire.send(call, cloud.url).status, stored(cloud)) == (200, b"hello")
    other = call.with_headers(X_Amz_Decoded_Content_Length="4")
    assert wire.send(other, cloud.url).error[0] == "SignatureDoesNotMatch"


def test_an_unsigned_payload_may_be_any(cloud: LocalCloud) -> None:
    call, _ = put(cloud, "UNSIGNED-PAYLOAD", b"one")
    assert (wire.send(replace(call, body=b"two"), cloud.url).status, stored(cloud)) == (200, b"two")


def test_what_the_hash_may_be(cloud: LocalCloud) -> None:
    call, _ = put(cloud, "something", b"one")
    assert wire.send(call, cloud.url).error[0] == "InvalidArgument"
    answer = wire.send(call.with_headers(X_Amz_Content_SHA256=None), cloud.url)
    assert answer.error == ("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    assert stored(cloud) is None


def test_a_hash_of_another_body_stores_nothing(cloud: LocalCloud) -> None:
    call, _ = put(cloud, "0" * 64, b"one" * 100_000)
    answer = wire.send(call, cloud.url)
    assert (answer.status, answer.error[0]) == (400, "XAmzContentSHA256Mismatch")
    assert stored(cloud) is None


def test_a_body_in_transfer_chunks_alone_is_refused_as_s3_does(cloud: LocalCloud) -> None:
    call, _ = put(cloud, hashlib.sha256(b"hello").hexdigest(), b"5\r\nhello\r\n0\r\n\r\n")
    answer = wire.send(replace(call, headers={**call.headers, "Transfer-Encoding": "chunked"}), cloud.url)
    assert (answer.status, answer.error[0]) == (501, "NotImplemented")
    assert stored(cloud) is None
