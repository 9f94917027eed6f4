"""Bodies as they come from the socket: what is taken, what is refused, and that a refused one leaves no file."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib

import pytest

from localcloud.errors import AwsError
from localcloud.s3 import content as contents
from localcloud.s3.body import CONTENT, MAX_BYTES, receive

DATA = bytes(range(256)) * 1024  # larger than what is kept in memory


def b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def crc32(data: bytes) -> str:
    return b64(zlib.crc32(data).to_bytes(4, "big"))


def chunked(data: bytes, *trailers: str, size: int = 100_000, extension: str = "") -> bytes:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    lines = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension.encode(), part) for part in parts)
    return lines + f"0{extension}\r\n".encode() + "".join(f"{each}\r\n" for each in trailers).encode() + b"\r\n"


def environ(body: bytes, **headers: str) -> dict[str, object]:
    fields = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), **fields}


def encoded(body: bytes, size: int = len(DATA), **headers: str) -> dict[str, object]:
    how = {"x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x_amz_decoded_content_length": str(size)}
    return environ(body, **{**how, **headers})


class NotSigned(io.BytesIO):
    """A source that knows at its end that it is not what its request's signature covers."""

    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        return data if self.tell() < len(self.getvalue()) else self._refuse()

    def readinto(self, buffer) -> int:
        return super().readinto(buffer) or self._refuse()

    def _refuse(self):
        raise AwsError("XAmzContentSHA256Mismatch", "not the one")


SIGNATURE = f";chunk-signature={'0' * 64}"
TRAILED = {"x_amz_trailer": "x-amz-checksum-crc32", "x_amz_sdk_checksum_algorithm": "CRC32"}
TAKEN = {
    "plain": environ(DATA),
    "with Content-MD5": environ(DATA, content_md5=b64(hashlib.md5(DATA).digest())),
    "with a CRC32": environ(DATA, x_amz_checksum_crc32=crc32(DATA)),
    "with a SHA-256": environ(DATA, x_amz_checksum_sha256=b64(hashlib.sha256(DATA).digest())),
    "in chunks": encoded(chunked(DATA)),
    "in chunks of one byte's length": encoded(chunked(DATA, size=7)),
    "in chunks with a trailer": encoded(chunked(DATA, f"x-amz-checksum-crc32:{crc32(DATA)}"), **TRAILED),
    "in chunks within those of the transfer": {**encoded(chunked(DATA)), "wsgi.input_terminated": True},
    "in signed chunks": encoded(
        chunked(DATA, extension=SIGNATURE), x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    ),
    "in signed chunks with a signed trailer": encoded(
        chunked(DATA, f"x-amz-checksum-crc32:{crc32(DATA)}", "x-amz-trailer-signature:0", extension=SIGNATURE),
        x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        **TRAILED,
    ),
}
REFUSED = {
    "one that was not signed": ({**environ(DATA), "wsgi.input": NotSigned(DATA)}, "XAmzContentSHA256Mismatch"),
    "chunks that were not signed": (
        {**encoded(chunked(DATA)), "wsgi.input": NotSigned(chunked(DATA)), "wsgi.input_terminated": True},
        "XAmzContentSHA256Mismatch",
    ),
    "more behind the end": (encoded(chunked(DATA) + b"more"), "InvalidRequest"),
    "another Content-MD5": (environ(DATA, content_md5=b64(hashlib.md5(b"").digest())), "BadDigest"),
    "a Content-MD5 in hexadecimal": (environ(DATA, content_md5=hashlib.md5(DATA).hexdigest()), "InvalidDigest"),
    "an empty Content-MD5": (environ(DATA, content_md5=""), "InvalidDigest"),
    "another CRC32": (environ(DATA, x_amz_checksum_crc32=crc32(b"")), "BadDigest"),
    "another SHA-1": (environ(DATA, x_amz_checksum_sha1=b64(hashlib.sha1(b"").digest())), "BadDigest"),
    "a CRC32 of three bytes": (environ(DATA, x_amz_checksum_crc32=b64(b"abc")), "InvalidRequest"),
    "two checksums": (
        environ(DATA, x_amz_checksum_crc32=crc32(DATA), x_amz_checksum_sha1=b64(hashlib.sha1(DATA).digest())),
        "InvalidRequest",
    ),
    "an algorithm without a checksum": (environ(DATA, x_amz_sdk_checksum_algorithm="CRC32"), "InvalidRequest"),
    "a checksum nobody here computes": (environ(DATA, x_amz_checksum_xxhash3=b64(bytes(8))), "NotImplemented"),
    "another trailer": (encoded(chunked(DATA, f"x-amz-checksum-crc32:{crc32(b'')}"), **TRAILED), "BadDigest"),
    "no trailer": (encoded(chunked(DATA), **TRAILED), "MalformedTrailerError"),
    "a thousand trailers": (encoded(chunked(DATA, *["a:b"] * 1000), **TRAILED), "InvalidRequest"),
    "a cut body": ({**environ(DATA[:-1]), "CONTENT_LENGTH": str(len(DATA))}, "IncompleteBody"),
    "a cut chunk": (encoded(chunked(DATA)[:200_000]), "IncompleteBody"),
    "no last chunk": (encoded(chunked(DATA)[:-5]), "IncompleteBody"),
    "more than declared": (encoded(chunked(DATA), size=10), "InvalidRequest"),
    "less than declared": (encoded(chunked(DATA), size=len(DATA) + 1), "IncompleteBody"),
    "a size that is none": (encoded(b"-5\r\nabc\r\n0\r\n\r\n", size=3), "InvalidRequest"),
    "a size in disguise": (encoded(b"0x3\r\nabc\r\n0\r\n\r\n", size=3), "InvalidRequest"),
    "a line without an end": (encoded(b"a" * 100_000), "InvalidRequest"),
    "a chunk longer than its size": (encoded(b"2\r\nabc\r\n0\r\n\r\n", size=3), "InvalidRequest"),
    "over 5 GB": ({**environ(b""), "CONTENT_LENGTH": str(MAX_BYTES + 1)}, "EntityTooLarge"),
    "over 5 GB in chunks": (encoded(chunked(b"a"), size=MAX_BYTES + 1), "EntityTooLarge"),
    "no length": ({"wsgi.input": io.BytesIO(DATA)}, "MissingContentLength"),
    "chunks of the transfer alone": ({**environ(DATA), "wsgi.input_terminated": True}, "NotImplemented"),
}


@pytest.mark.parametrize("how", TAKEN)
def test_a_body_is_taken(how: str, tmp_path) -> None:
    request = TAKEN[how]
    content = receive(request, tmp_path)
    assert bytes(content) == DATA and content.digest("MD5") == hashlib.md5(DATA).digest()
    assert request[CONTENT] is content and request["CONTENT_LENGTH"] == "0"
    assert len(list(tmp_path.iterdir())) == 1
    request.clear()
    del content
    assert list(tmp_path.iterdir()) == [], "nobody refers to the content any more"


@pytest.mark.parametrize("why", REFUSED)
def test_a_body_is_refused_and_leaves_nothing(why: str, tmp_path) -> None:
    request, code = REFUSED[why]
    with pytest.raises(AwsError) as refused:
        receive(request, tmp_path)
    assert refused.value.code == code
    assert CONTENT not in request and list(tmp_path.iterdir()) == []


def test_a_small_body_has_no_file(tmp_path) -> None:
    content = receive(environ(DATA[: contents.MEMORY_BYTES]), tmp_path)
    assert bytes(content) == DATA[: contents.MEMORY_BYTES] and list(tmp_path.iterdir()) == []


def test_crc64_is_compared_where_the_package_is(tmp_path) -> None:
    pytest.importorskip("awscrt")
    check = b64(0xAE8B14860A799888.to_bytes(8, "big"))  # the published check value, of 123456789
    receive(environ(b"123456789", x_amz_checksum_crc64nvme=check), tmp_path)
    with pytest.raises(AwsError, match="BadDigest"):
        receive(environ(b"123456780", x_amz_checksum_crc64nvme=check), tmp_path)
    castagnoli = b64(0xE3069283.to_bytes(4, "big"))
    receive(environ(b"123456789", x_amz_checksum_crc32c=castagnoli), tmp_path)


def test_slices_and_joins_share_files(tmp_path) -> None:
    def stored(data: bytes) -> contents.Content:
        with contents.Writer(tmp_path) as writer:
            writer.write(data)
            return writer.content()

    one, two = stored(DATA), stored(DATA[::-1])
    whole = contents.Content.joined([one, contents.Content.of(b"between"), two])
    everything = DATA + b"between" + DATA[::-1]
    assert bytes(whole) == everything and len(list(tmp_path.iterdir())) == 2
    bounds = [0, 1, len(DATA) - 1, len(DATA), len(DATA) + 3, len(DATA) + 7, len(everything) - 1, len(everything) + 9]
    for start in bounds:
        for stop in bounds:
            assert bytes(whole[start:stop]) == everything[start:stop], (start, stop)
    part = whole[len(DATA) + 7 :]
    del whole, one, two
    assert bytes(part) == DATA[::-1] and len(list(tmp_path.iterdir())) == 1
