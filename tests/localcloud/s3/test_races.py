"""Many clients and one key: no call fails, none sees half an object, and of those with a condition one wins."""

from __future__ import annotations

import collections
import hashlib
import http.client
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.s3 import notifications

from localcloud.s3 import records
from tests.localcloud.s3.conftest import BUCKET
from tests.localcloud.s3.signing import signed

SIZE = 70_000  # kept in files


@pytest.fixture(scope="module")
def client(local_cloud, s3):
    """Of a program that opens as many connections as it has threads, and tries nothing twice."""
    return boto3.client("s3", config=Config(max_pool_connections=100, retries={"total_max_attempts": 1}))


def body(number: int) -> bytes:
    return bytes([number % 251]) * SIZE


def race(calls: Sequence[Callable[[], object]], workers: int = 50) -> collections.Counter[str]:
    """How often each outcome was: the error's code, or "done"."""

    def outcome(call: Callable[[], object]) -> str:
        try:
            call()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"

    with ThreadPoolExecutor(workers) as pool:
        return collections.Counter(pool.map(outcome, calls))


def test_writers_readers_listings_and_deletions_of_one_key(client) -> None:
    torn: list[int] = []

    def put(number: int) -> object:
        return client.put_object(Bucket=BUCKET, Key="raced", Body=body(number))

    def get(_: int) -> None:
        data = client.get_object(Bucket=BUCKET, Key="raced")["Body"].read()
        if len(data) != SIZE or len(set(data)) != 1:
            torn.append(len(data))

    def listing(_: int) -> object:
        return client.list_objects_v2(Bucket=BUCKET)

    def delete(_: int) -> object:
        return client.delete_object(Bucket=BUCKET, Key="raced")

    turns = [put, get, listing, put, get, delete]
    outcomes = race([lambda number=number: turns[number % 6](number) for number in range(180)])
    assert set(outcomes) <= {"done", "NoSuchKey"} and outcomes["NoSuchKey"] <= 60 and not torn


def test_a_hundred_writers_of_one_key(client, files) -> None:
    before = files()
    outcomes = race(
        [lambda number=number: client.put_object(Bucket=BUCKET, Key="one", Body=body(number)) for number in range(100)],
        100,
    )
    assert outcomes == {"done": 100}
    answer = client.get_object(Bucket=BUCKET, Key="one")
    data = answer["Body"].read()
    assert data == body(data[0]) and answer["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert len(files() - before) == 1


def test_of_writers_of_a_free_key_one_wins(client) -> None:
    puts = [
        lambda number=number: client.put_object(Bucket=BUCKET, Key="free", Body=body(number), IfNoneMatch="*")
        for number in range(40)
    ]
    assert race(puts) == {"done": 1, "PreconditionFailed": 39}


def test_of_completions_of_a_free_key_one_wins(client) -> None:
    def upload(number: int) -> Callable[[], object]:
        what = {"Bucket": BUCKET, "Key": "free upload"}
        what["UploadId"] = client.create_multipart_upload(**what)["UploadId"]
        etag = client.upload_part(**what, PartNumber=1, Body=body(number))["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        return lambda: client.complete_multipart_upload(**what, MultipartUpload=parts, IfNoneMatch="*")

    assert race([upload(number) for number in range(20)]) == {"done": 1, "PreconditionFailed": 19}


def test_of_writers_that_expect_one_content_one_wins(client) -> None:
    etag = client.put_object(Bucket=BUCKET, Key="expected", Body=b"first")["ETag"]
    puts = [
        lambda number=number: client.put_object(Bucket=BUCKET, Key="expected", Body=body(number), IfMatch=etag)
        for number in range(40)
    ]
    assert race(puts) == {"done": 1, "PreconditionFailed": 39}


def test_every_version_is_kept(client) -> None:
    client.create_bucket(Bucket="raced-versions")
    client.put_bucket_versioning(Bucket="raced-versions", VersioningConfiguration={"Status": "Enabled"})
    puts = [
        lambda number=number: client.put_object(Bucket="raced-versions", Key="k", Body=body(number))
        for number in range(60)
    ]
    assert race(puts) == {"done": 60}
    versions = client.list_object_versions(Bucket="raced-versions")["Versions"]
    assert len(versions) == 60 and [each["IsLatest"] for each in versions].count(True) == 1


def test_parts_of_one_upload(client) -> None:
    what = {"Bucket": BUCKET, "Key": "parts at once"}
    what["UploadId"] = client.create_multipart_upload(**what)["UploadId"]
    data = bytes(5 << 20)
    uploads = [lambda n=n: client.upload_part(**what, PartNumber=n, Body=data) for n in (1, 2, 3, 1, 2, 3, 1, 2, 3)]
    assert race(uploads) == {"done": 9}
    parts = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in client.list_parts(**what)["Parts"]]
    completions = [lambda: client.complete_multipart_upload(**what, MultipartUpload={"Parts": parts})] * 8
    assert race(completions) == {"done": 8}, "completing is idempotent"
    assert client.head_object(Bucket=BUCKET, Key="parts at once")["ContentLength"] == 3 * len(data)


def test_a_deletion_during_a_conditional_write_is_a_conflict(local_cloud, client) -> None:
    client.put_object(Bucket=BUCKET, Key="conflict", Body=b"old")
    host, port = local_cloud.url.removeprefix("http://").split(":")
    path = f"/{BUCKET}/conflict"
    headers = signed(local_cloud, "PUT", path, Content_Length="10", If_None_Match="*", Host=f"{host}:{port}")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.putrequest("PUT", path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(b"12345")
    while not any(watch.key == "conflict" for watch in tuple(records._watches)):
        threading.Event().wait(0.01)
    client.delete_object(Bucket=BUCKET, Key="conflict")
    connection.send(b"67890")
    answer = connection.getresponse()
    assert answer.status == 409 and b"<Code>ConditionalRequestConflict</Code>" in answer.read()
    with pytest.raises(ClientError, match="NoSuchKey"):
        client.get_object(Bucket=BUCKET, Key="conflict")


def test_who_is_notified_of_an_object_may_read_it(client, monkeypatch) -> None:
    """moto calls what is notified before it answers; others must reach S3 meanwhile."""
    found: list[bytes] = []

    def read(*_: object) -> None:
        thread = threading.Thread(
            target=lambda: found.append(client.get_object(Bucket="notifying", Key="new")["Body"].read())
        )
        thread.start()
        thread.join(10)

    client.create_bucket(Bucket="notifying")
    queue = boto3.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    client.put_bucket_notification_configuration(Bucket="notifying", NotificationConfiguration=configuration)
    monkeypatch.setattr(notifications, "_send_sqs_message", read)
    client.put_object(Bucket="notifying", Key="new", Body=b"content")
    assert found == [b"content"]
