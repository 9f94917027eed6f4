"""What moto does with a Content in place of an object's bytes.

Each replacement is undone when the cloud stops; `tests/localcloud/s3/test_moto.py` fails when moto moves.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from moto.s3 import notifications, responses
from moto.s3.exceptions import EntityTooSmall, InvalidPart, InvalidPartOrder, MalformedXML, RangeNotSatisfiable
from moto.s3.models import FakeDeleteMarker, FakeKey, FakeMultipart, S3Backend
from moto.s3.responses import S3Response
from moto.s3.utils import compute_checksum
from moto.settings import S3_UPLOAD_PART_MIN_SIZE

from localcloud.replacement import replaced
from localcloud.s3.body import CONTENT
from localcloud.s3.checksums import hasher
from localcloud.s3.content import Content
from localcloud.s3.records import LOCK, content_of, is_request, note_deletion, send_later


def prepare_upload(upload: FakeMultipart) -> None:
    """Read the parts, if their common checksum needs it, before others have to wait for it."""
    algorithm = upload.metadata.get("x-amz-checksum-algorithm")
    if algorithm and _checksum_type(upload, algorithm) == "FULL_OBJECT":
        with LOCK:
            whole = Content.joined([content_of(upload.parts[number]) for number in upload.partlist])
        whole.digest(algorithm)
        vars(upload)["prepared"] = whole


@contextlib.contextmanager
def streamed_objects() -> Iterator[None]:
    """While the block runs, moto keeps objects as Contents."""
    with contextlib.ExitStack() as stack:
        for owner, name, value in (
            (FakeKey, "value", property(_value, _set_value)),
            (FakeKey, "dispose", _dispose),
            (FakeMultipart, "complete", _complete),
            (S3Backend, "copy_object", _copy(S3Backend.copy_object)),
            (S3Backend, "delete_object", _delete(S3Backend.delete_object)),
            (S3Response, "setup_class", _setup(S3Response.setup_class)),
            (S3Response, "get_object", _get_part(S3Response.get_object)),
            (responses, "compute_checksum", _checksum(compute_checksum)),
            (notifications, "send_event", send_later(notifications.send_event)),
            # moto would refer to every object that ever was.
            *((each, "instances_tracked", deque(maxlen=0)) for each in (FakeKey, FakeMultipart, FakeDeleteMarker)),
        ):
            stack.enter_context(replaced(owner, name, value))
        yield


def _value(record: FakeKey) -> Content | bytes:
    content = content_of(record)
    return content if is_request() else bytes(content)


def _set_value(record: FakeKey, value: Content | bytes) -> None:
    content = value if isinstance(value, Content) else Content.of(bytes(value))
    vars(record)["content"] = content
    record.contentsize = len(content)
    if record._etag is None:
        record._etag = content.digest("MD5").hex()


def _dispose(record: FakeKey, garbage: bool = False) -> None:
    """The file stays as long as an answer is read from it."""
    record._value_buffer.close()
    vars(record)["content"] = Content()
    record.disposed = True


def _checksum_type(upload: FakeMultipart, algorithm: str) -> str:
    default = "FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE"
    return upload.metadata.get("x-amz-checksum-type") or default


def _complete(
    upload: FakeMultipart, body: Iterator[tuple[int, str]]
) -> tuple[Content, str, tuple[str, str, int] | None]:
    """The object, its ETag and its checksum: type, value, number of parts."""
    chosen = _chosen(upload, body)
    contents = [content_of(part) for part in chosen.values()]
    if any(len(content) < S3_UPLOAD_PART_MIN_SIZE for content in contents[:-1]):
        raise EntityTooSmall
    upload.parts, upload.partlist = chosen, list(chosen)
    whole = Content.joined(contents)
    prepared = vars(upload).pop("prepared", None)
    if prepared is not None and prepared.same_as(whole):
        whole = prepared
    md5 = hashlib.md5(b"".join(content.digest("MD5") for content in contents), usedforsecurity=False)
    algorithm = upload.metadata.get("x-amz-checksum-algorithm")
    checksum = _of_all(_checksum_type(upload, algorithm), algorithm, whole, contents) if algorithm else None
    return whole, f"{md5.hexdigest()}-{len(contents)}", checksum


def _chosen(upload: FakeMultipart, body: Iterator[tuple[int, str]]) -> dict[int, FakeKey]:
    chosen: dict[int, FakeKey] = {}
    for number, etag in body:
        if chosen and number <= next(reversed(chosen)):
            raise InvalidPartOrder
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        chosen[number] = part
    if not chosen:
        raise MalformedXML
    return chosen


def _of_all(kind: str, algorithm: str, whole: Content, parts: list[Content]) -> tuple[str, str, int]:
    if kind == "FULL_OBJECT":
        return kind, base64.b64encode(whole.digest(algorithm)).decode(), 1
    computing = hasher(algorithm)
    for part in parts:
        computing.update(part.digest(algorithm))
    return kind, base64.b64encode(computing.digest()).decode(), len(parts)


def _copy(original: Callable[..., None]) -> Callable[..., None]:
    """A copy is one part, and its checksum that of its content.

    moto gives the copy of a multipart object the original's checksum of checksums, and clients that verify their
    downloads reject the copy.
    """

    def copy_object(self: S3Backend, source: FakeKey, bucket: str, key: str, *rest: Any, **more: Any) -> None:
        original(self, source, bucket, key, *rest, **more)
        made = self.get_object(bucket, key)
        if made is None:
            return
        made.multipart = None
        if made.checksum_value:
            digest = content_of(made).digest(made.checksum_algorithm or "CRC32")
            made.checksum_value = base64.b64encode(digest).decode()
            made.checksum_type = made.checksum_parts = None

    return copy_object


def _delete(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_object(self: S3Backend, bucket_name: str, key_name: str, *rest: Any, **more: Any) -> Any:
        answer = original(self, bucket_name, key_name, *rest, **more)
        note_deletion(bucket_name, key_name)
        return answer

    return delete_object


def _setup(original: Callable[..., None]) -> Callable[..., None]:
    def setup_class(self: S3Response, request: Any, *rest: Any, **more: Any) -> None:
        original(self, request, *rest, **more)
        content = request.environ.get(CONTENT)
        if content is not None:
            self.body = content

    return setup_class


def _get_part(original: Callable[..., Any]) -> Callable[..., Any]:
    """GetObject of one part of a multipart object. moto answers with all of it."""

    def get_object(self: S3Response) -> Any:
        status, headers, content = original(self)
        number = self._get_int_param("partNumber")
        version = self.querystring.get("versionId", [None])[0]
        key = self.backend.get_object(self.bucket_name, self.parse_key_name(), version_id=version)
        if status != 200 or not number or key is None or key.multipart is None:
            return status, headers, content
        if number not in key.multipart.parts:
            raise RangeNotSatisfiable
        sizes = {each: part.size for each, part in key.multipart.parts.items()}
        start = sum(size for each, size in sizes.items() if each < number)
        headers["content-range"] = f"bytes {start}-{start + sizes[number] - 1}/{len(content)}"
        headers["content-length"] = str(sizes[number])
        headers["x-amz-mp-parts-count"] = str(len(sizes))
        return 206, headers, content[start : start + sizes[number]]

    return get_object


def _checksum(original: Callable[..., bytes]) -> Callable[..., bytes]:
    def computed(body: Content | bytes, algorithm: str, encode_base64: bool = True) -> bytes:
        if not isinstance(body, Content):
            return original(body, algorithm, encode_base64)
        digest = body.digest(algorithm)
        return base64.b64encode(digest) if encode_base64 else digest

    return computed
