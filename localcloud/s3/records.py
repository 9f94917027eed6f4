"""Access to moto's records of objects: one request at a time, and whom it notifies afterwards."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from moto.s3 import notifications
from moto.s3.models import FakeKey, FakeMultipart, s3_backends

from localcloud.s3.content import Content

LOCK = threading.RLock()  # moto's records are dictionaries that are changed in several steps
_PARTITION = "aws"
# The notifications that wait until the lock is free; None outside a request to S3.
_waiting: ContextVar[list[tuple[Any, ...]] | None] = ContextVar("waiting", default=None)


@dataclass(eq=False)
class Watch:
    """Whether an object was deleted while a conditional write of its key was under way."""

    bucket: str
    key: str
    deleted: bool = False


_watches: set[Watch] = set()


@contextlib.contextmanager
def watching(bucket: str, key: str) -> Iterator[Watch]:
    watch = Watch(bucket, key)
    _watches.add(watch)
    try:
        yield watch
    finally:
        _watches.discard(watch)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """No other request to S3 reaches the records; the functions and queues that it notifies are told afterwards."""
    waiting: list[tuple[Any, ...]] = []
    token = _waiting.set(waiting)
    try:
        with LOCK:
            yield
    finally:
        _waiting.reset(token)
    for arguments in waiting:
        notifications.send_event(*arguments)


def is_request() -> bool:
    """Whether this is S3's own code, which understands a Content; moto's other services know bytes only."""
    return _waiting.get() is not None


def note_deletion(bucket: str, key: str) -> None:
    for watch in tuple(_watches):
        if (watch.bucket, watch.key) == (bucket, key):
            watch.deleted = True


def find(account_id: str, bucket: str, key: str, version: str | None = None) -> FakeKey | None:
    """An object's record; None if the bucket or the object does not exist."""
    backend = s3_backends[account_id][_PARTITION]
    with LOCK:
        return backend.get_object(bucket, key, version) if bucket in backend.buckets else None


def content_of(record: FakeKey) -> Content:
    content: Content = vars(record)["content"]
    return content


def find_upload(account_id: str, bucket: str, upload: str) -> FakeMultipart | None:
    """An upload that was neither completed nor aborted."""
    backend = s3_backends[account_id][_PARTITION]
    with LOCK:
        return backend.buckets[bucket].multiparts.get(upload) if bucket in backend.buckets else None


def send_later(original: Callable[..., None]) -> Callable[..., None]:
    """A function that is notified uses S3 itself: it is told when the lock is free."""

    def send_event(*arguments: Any) -> None:
        waiting = _waiting.get()
        if waiting is None:
            original(*arguments)
        else:
            waiting.append(arguments)

    return send_event
