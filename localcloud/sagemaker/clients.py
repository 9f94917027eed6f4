"""The calls that this package makes to other services of the cloud, as types of the boto3 clients that make them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypedDict

from boto3.s3.transfer import TransferConfig


class LogEvent(TypedDict):
    """timestamp: milliseconds since 1970."""

    timestamp: int
    message: str


class LogsClient(Protocol):
    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: Sequence[LogEvent]) -> object: ...


class Dimension(TypedDict):
    Name: str
    Value: str


class MetricDatum(TypedDict, total=False):
    """Either one Value, or Values with their Counts."""

    MetricName: str
    Dimensions: list[Dimension]
    Timestamp: datetime.datetime
    Unit: str
    Value: float
    Values: list[float]
    Counts: list[float]


class CloudWatchClient(Protocol):
    def put_metric_data(self, *, Namespace: str, MetricData: Sequence[MetricDatum]) -> object: ...


class Body(Protocol):
    def read(self) -> bytes: ...


class ObjectEntry(TypedDict):
    Key: str


class ObjectListing(TypedDict, total=False):
    Contents: list[ObjectEntry]


class ObjectPaginator(Protocol):
    def paginate(self, *, Bucket: str, Prefix: str) -> Iterable[ObjectListing]: ...


class S3Client(Protocol):
    def head_object(self, *, Bucket: str, Key: str) -> object: ...

    def get_object(self, *, Bucket: str, Key: str) -> Mapping[Literal["Body"], Body]: ...

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> object: ...

    def download_file(self, Bucket: str, Key: str, Filename: str) -> None: ...

    def upload_file(self, Filename: str, Bucket: str, Key: str, *, Config: TransferConfig) -> None: ...

    def get_paginator(self, operation_name: Literal["list_objects_v2"]) -> ObjectPaginator: ...
