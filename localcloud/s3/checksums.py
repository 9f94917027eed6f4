"""The checksums of S3 objects, computed while the bytes pass by."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import zlib
from collections.abc import Callable
from typing import Protocol

from localcloud.errors import AwsError, not_emulated


class Hasher(Protocol):
    def update(self, chunk: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, function: Callable[[bytes, int], int], num_bytes: int) -> None:
        self._function = function
        self._num_bytes = num_bytes
        self._value = 0

    def update(self, chunk: bytes, /) -> None:
        self._value = self._function(chunk, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._num_bytes, "big")


# S3's name -> bytes of the digest.
SIZES = {
    "CRC32": 4,
    "CRC32C": 4,
    "CRC64NVME": 8,
    "SHA1": 20,
    "SHA256": 32,
    "SHA512": 64,
    "MD5": 16,
    "XXHASH64": 8,
    "XXHASH3": 8,
    "XXHASH128": 16,
}


def hasher(algorithm: str) -> Hasher:
    """By S3's name; NotImplemented for one that this machine cannot compute, because nothing is taken unchecked."""
    if algorithm == "CRC32":
        return _Crc(zlib.crc32, 4)
    if algorithm in ("SHA1", "SHA256", "SHA512", "MD5"):
        return hashlib.new(algorithm, usedforsecurity=False)
    if function := _of_crt().get(algorithm):
        return _Crc(function, SIZES[algorithm])
    raise not_emulated("s3", f"the checksum {algorithm}{_ADVICE.get(algorithm, '')}")


_ADVICE = dict.fromkeys(("CRC32C", "CRC64NVME"), " without the package awscrt (pip install 'botocore[crt]')")


@functools.cache
def _of_crt() -> dict[str, Callable[[bytes, int], int]]:
    try:
        from awscrt import checksums
    except ImportError:
        return {}
    return {"CRC32C": checksums.crc32c, "CRC64NVME": checksums.crc64nvme}


def decoded(header: str, value: str, algorithm: str) -> bytes:
    """The digest that a client declares in base64; AwsError if it is none."""
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) == SIZES[algorithm]:
        return digest
    if header == "content-md5":
        raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.")
    raise AwsError("InvalidRequest", f"Value for {header} header is invalid.")


def mismatch(header: str, algorithm: str) -> AwsError:
    if header == "content-md5":
        return AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.")
    return AwsError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
