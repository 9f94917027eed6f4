"""The local cloud's S3 under attack: connections that are cut, many writers, large objects, kill -9.

Each row says what is tried and how often; none may leave a file, a torn object or an answer that is not S3's.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localcloud import LocalCloud
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.localcloud.s3.signing import signed

__all__ = ["local_cloud", "local_cloud_images"]

ROOT = Path(__file__).parents[2]
SIZE = 200_000
MIB = 1 << 20


@pytest.fixture(scope="module")
def s3(local_cloud: LocalCloud):
    client = local_cloud.cloud.client("s3")
    client.create_bucket(Bucket="attacked")
    client.put_object(Bucket="attacked", Key="kept", Body=b"kept" * SIZE)
    return client


def files(root: Path) -> set[Path]:
    return set((root / "s3").glob("*/*"))


def settled(root: Path, expected: set[Path]) -> bool:
    """Whether these are the files, and stay so for a second: the last connections may not have been accepted yet."""
    deadline, since = time.monotonic() + 20, time.monotonic()
    while time.monotonic() < min(deadline, since + 1):
        if files(root) != expected:
            since = time.monotonic()
        time.sleep(0.02)
    return time.monotonic() < deadline


def _plain(sent: int) -> bytes:
    return os.urandom(sent)


def _chunked(sent: int) -> bytes:
    return (b"1000\r\n" + bytes(4096) + b"\r\n") * (sent // 4096) + b"1000\r\n" + bytes(sent % 4096)


_ENCODED = {"payload": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X_Amz_Decoded_Content_Length": str(SIZE)}
CUTS: dict[str, tuple[str, Callable[[int], bytes], dict[str, str]]] = {
    "a put": ("/attacked/kept", _plain, {}),
    "a put on a condition": ("/attacked/new", _plain, {"If_None_Match": "*"}),
    "a put in chunks": ("/attacked/kept", _chunked, _ENCODED),
    "a part": ("/attacked/parts?partNumber=1&uploadId={upload}", _plain, {}),
}


@pytest.mark.parametrize("what", CUTS)
def test_a_connection_that_is_cut_leaves_nothing(what: str, local_cloud: LocalCloud, s3) -> None:
    before = files(local_cloud.cloud.root)
    upload = s3.create_multipart_upload(Bucket="attacked", Key="parts")["UploadId"]
    path, body, headers = CUTS[what]
    path = path.format(upload=upload)
    host, port = local_cloud.url.removeprefix("http://").split(":")
    for sent in random.Random(what).sample(range(SIZE), 15):
        fields = signed(local_cloud, "PUT", path, Content_Length=str(SIZE * 2), Host=f"{host}:{port}", **headers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"PUT {path} HTTP/1.1\r\n{lines}\r\n".encode() + body(sent))
            if sent % 2:  # a reset in place of an end
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert settled(local_cloud.cloud.root, before)
    listing = s3.list_objects_v2(Bucket="attacked")["Contents"]
    assert [entry["Key"] for entry in listing] == ["kept"]
    assert s3.get_object(Bucket="attacked", Key="kept")["Body"].read() == b"kept" * SIZE
    assert "Parts" not in s3.list_parts(Bucket="attacked", Key="parts", UploadId=upload)


def test_a_reader_that_goes_away_keeps_no_file(local_cloud: LocalCloud, s3) -> None:
    before = files(local_cloud.cloud.root)
    s3.put_object(Bucket="attacked", Key="read", Body=bytes(20_000_000))
    for _ in range(10):
        body = s3.get_object(Bucket="attacked", Key="read")["Body"]
        body.read(10)
        body.close()
    s3.delete_object(Bucket="attacked", Key="read")
    assert settled(local_cloud.cloud.root, before)


@contextlib.contextmanager
def another_cloud(root: Path) -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    """A local cloud in a process of its own, and the variables that point a client at it."""
    program = (
        "import json, sys, time\nfrom localcloud import LocalCloud\n"
        "with LocalCloud(root=sys.argv[1]) as cloud:\n"
        "    print(json.dumps(cloud.environment()), flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(root)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield psutil.Process(process.pid), json.loads(process.stdout.readline())
        finally:
            process.kill()


def client_of(variables: dict[str, str]):
    return boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables["AWS_SESSION_TOKEN"],
        region_name=variables["AWS_REGION"],
        config=Config(max_pool_connections=20, retries={"total_max_attempts": 1}, read_timeout=600),
    )


def test_after_kill_9_nothing_of_a_dead_cloud_is_left(tmp_path: Path) -> None:
    """The records end with the process: what is on disk is of no use to the next cloud, which removes it."""
    with another_cloud(tmp_path) as (process, variables):
        s3 = client_of(variables)
        s3.create_bucket(Bucket="lost")

        def put(number: int) -> str:
            try:
                s3.put_object(Bucket="lost", Key=str(number % 5), Body=os.urandom(MIB))
            except (ClientError, BotoCoreError) as error:
                return type(error).__name__
            return "answered"

        with ThreadPoolExecutor(8) as pool:
            outcomes = pool.map(put, range(200))
            assert next(outcomes) == "answered"
            process.send_signal(signal.SIGKILL)
            assert "answered" not in list(outcomes)[-20:]
    assert files(tmp_path)
    with another_cloud(tmp_path) as (_, variables):
        s3 = client_of(variables)
        assert "lost" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        assert not [path for path in files(tmp_path) if path.stat().st_size == MIB]


def test_a_second_cloud_on_one_state_directory_leaves_the_first_its_objects(tmp_path: Path) -> None:
    with another_cloud(tmp_path) as (_, variables):
        s3 = client_of(variables)
        s3.create_bucket(Bucket="first")
        s3.put_object(Bucket="first", Key="k", Body=b"a" * MIB)
        with another_cloud(tmp_path) as (_, others):
            client_of(others).list_buckets()
            assert s3.get_object(Bucket="first", Key="k")["Body"].read() == b"a" * MIB


class Zeros:
    """A file of so many zeros that takes no memory."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0

    def read(self, size: int = -1) -> bytes:
        left = self._size - self._at
        count = left if size < 0 else min(size, left)
        self._at += count
        return bytes(count)

    def seek(self, to: int, whence: int = 0) -> int:
        self._at = to + (self._size if whence == 2 else self._at if whence == 1 else 0)
        return self._at

    def tell(self) -> int:
        return self._at


@contextlib.contextmanager
def peak(process: psutil.Process) -> Iterator[Callable[[], int]]:
    """How many bytes the process took at most more than now."""
    idle, most, done = process.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: most[0] - idle
    finally:
        done.set()
        thread.join()


@pytest.mark.slow
def test_what_large_objects_cost_in_memory(tmp_path: Path) -> None:
    """2 GB in one put, 5 GB in parts: read, copied, in ranges."""
    with another_cloud(tmp_path) as (process, variables):
        s3 = client_of(variables)
        s3.create_bucket(Bucket="large")
        s3.put_object(Bucket="large", Key="small", Body=b"a" * SIZE)
        with peak(process) as taken:
            s3.put_object(Bucket="large", Key="put", Body=Zeros(2 << 30))
            body = s3.get_object(Bucket="large", Key="put")["Body"]
            assert sum(len(chunk) for chunk in body.iter_chunks(MIB)) == 2 << 30
            what = {"Bucket": "large", "Key": "parts"}
            what["UploadId"] = s3.create_multipart_upload(**what)["UploadId"]
            sent = [
                {"PartNumber": number, "ETag": s3.upload_part(**what, PartNumber=number, Body=Zeros(1 << 30))["ETag"]}
                for number in range(1, 6)
            ]
            s3.complete_multipart_upload(**what, MultipartUpload={"Parts": sent})
            s3.delete_object(Bucket="large", Key="put")
            s3.copy_object(Bucket="large", Key="copy", CopySource={"Bucket": "large", "Key": "parts"})
            answer = s3.get_object(Bucket="large", Key="copy", Range=f"bytes={(4 << 30) - 5}-{(4 << 30) + 4}")
            assert answer["Body"].read() == bytes(10)
            assert taken() < 200_000_000, f"{taken() / 1e6:.0f} MB"
        assert len(files(tmp_path)) <= 7, "a copy shares its files"
