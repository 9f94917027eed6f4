"""Stands before moto's S3: bodies are received first, then one request at a time reaches the records."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlparse
from wsgiref.types import StartResponse

from localcloud.errors import AwsError
from localcloud.http_requests import Environ, identify, resource_path
from localcloud.rest_operations import rest_operation
from localcloud.s3 import records
from localcloud.s3.body import CONTENT, MAX_BYTES, receive
from localcloud.s3.content import Content
from localcloud.s3.folder import own_folder
from localcloud.s3.moto_objects import prepare_upload, streamed_objects

WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]

_NO_UPLOAD = (
    "The specified upload does not exist. "
    "The upload ID may be invalid, or the upload may have been aborted or completed."
)
_UPLOAD_PARTS = ("UploadPart", "UploadPartCopy")
_CONDITIONAL = ("PutObject", "CopyObject", "CompleteMultipartUpload")


@contextlib.contextmanager
def streamed(moto: WsgiApplication, account_id: str, place: Path) -> Iterator[WsgiApplication]:
    """`moto` with objects in files below the folder `place`."""
    with own_folder(place) as folder, streamed_objects():
        yield _Front(moto, account_id, folder)


class _Front:
    def __init__(self, moto: WsgiApplication, account_id: str, folder: Path) -> None:
        self._moto = moto
        self._account_id = account_id
        self._folder = folder

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """The answer's body is read from its files after the next request was let in."""
        if identify(environ).service != "s3":
            return self._moto(environ, start_response)
        name = rest_operation("s3", environ) if environ["REQUEST_METHOD"] in ("PUT", "POST") else None
        bucket, key = _bucket_and_key(environ)
        upload = parse_qs(environ.get("QUERY_STRING", "")).get("uploadId", [""])[0]
        with records.watching(bucket, key) as watch:
            # Referred to until moto has taken it, and no longer: its file goes with its last user.
            prepared = self._prepare(environ, name, bucket, upload)
            with records.alone():
                if name in _UPLOAD_PARTS:
                    self._require_upload(bucket, upload)
                if name in _CONDITIONAL:
                    self._require_conditions(environ, watch, upload)
                try:
                    return self._moto(environ, start_response)
                finally:
                    del prepared
                    environ.pop(CONTENT, None)

    def _prepare(self, environ: Environ, name: str | None, bucket: str, upload: str) -> Content | None:
        """What takes long, before others have to wait for it."""
        if name in _UPLOAD_PARTS:
            _require_part_number(environ)
        if name in ("PutObject", "UploadPart"):
            return receive(environ, self._folder)
        if name in ("CopyObject", "UploadPartCopy"):
            return self._prepare_copy(environ)
        if name == "CompleteMultipartUpload":
            found = records.find_upload(self._account_id, bucket, upload)
            if found is not None:
                prepare_upload(found)
        return None

    def _prepare_copy(self, environ: Environ) -> Content | None:
        source = urlparse(environ["HTTP_X_AMZ_COPY_SOURCE"])
        bucket, _, key = unquote(source.path).lstrip("/").partition("/")
        version = parse_qs(source.query).get("versionId", [None])[0]
        with records.LOCK:
            found = records.find(self._account_id, bucket, key, version)
            content = None if found is None else records.content_of(found)
        if found is None or content is None:
            return None
        content = _range_of(content, environ.get("HTTP_X_AMZ_COPY_SOURCE_RANGE", ""))
        if len(content) > MAX_BYTES:
            message = (
                f"The specified copy source is larger than the maximum allowable size for a copy source: {MAX_BYTES}"
            )
            raise AwsError("InvalidRequest", message)
        for algorithm in {"MD5", environ.get("HTTP_X_AMZ_CHECKSUM_ALGORITHM"), found.checksum_algorithm}:
            if algorithm:
                content.digest(algorithm)
        return content

    def _require_upload(self, bucket: str, upload: str) -> None:
        if records.find_upload(self._account_id, bucket, upload) is None:
            raise AwsError("NoSuchUpload", _NO_UPLOAD, 404)

    def _require_conditions(self, environ: Environ, watch: records.Watch, upload: str) -> None:
        """AwsError unless the key is as If-None-Match and If-Match say, and the upload is there."""
        existing = records.find(self._account_id, watch.bucket, watch.key)
        if upload:
            if existing is not None and existing.multipart is not None and existing.multipart.id == upload:
                return  # completed before: completing again gives the same answer
            self._require_upload(watch.bucket, upload)
        absent, match = environ.get("HTTP_IF_NONE_MATCH"), environ.get("HTTP_IF_MATCH")
        if absent not in (None, "*"):
            message = "A header you provided implies functionality that is not implemented"
            raise AwsError("NotImplemented", message, 501)
        if match is not None and existing is None:
            raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
        taken = absent is not None and existing is not None
        if taken or (match is not None and existing is not None and match.strip('"') != existing.etag.strip('"')):
            message = "At least one of the pre-conditions you specified did not hold"
            raise AwsError("PreconditionFailed", message, 412)
        if absent is not None and watch.deleted:
            message = "The conditional request cannot succeed due to a conflicting operation against this resource."
            raise AwsError("ConditionalRequestConflict", message, 409)


def _bucket_and_key(environ: Environ) -> tuple[str, str]:
    bucket, _, key = resource_path(environ, "s3").removeprefix("/").partition("/")
    return bucket, key


def _require_part_number(environ: Environ) -> None:
    number = parse_qs(environ.get("QUERY_STRING", "")).get("partNumber", [""])[0]
    if not (number.isdecimal() and 1 <= int(number) <= 10_000):
        message = "Part number must be an integer between 1 and 10000, inclusive"
        raise AwsError("InvalidArgument", message)


def _range_of(content: Content, text: str) -> Content:
    if not text:
        return content
    match = re.fullmatch(r"bytes=(\d+)-(\d+)", text)
    if match is None:
        message = "The x-amz-copy-source-range value must be of the form bytes=first-last"
        raise AwsError(
            "InvalidArgument",
            f"{message} where first and last are the zero-based offsets of the first and last bytes to copy",
        )
    first, last = int(match[1]), int(match[2])
    if first > last or last >= len(content):
        message = f"Range specified is not valid for source object of size: {len(content)}"
        raise AwsError("InvalidArgument", message)
    return content[first : last + 1]
