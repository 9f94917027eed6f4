"""Requests, archives and waiting for the job tests."""

from __future__ import annotations

import io
import tarfile
import textwrap
import time
from collections.abc import Callable
from typing import Any

BUCKET = "jobs-bucket"
ROLE = "arn:aws:iam::123456789012:role/job"
TRAINING_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cpu-amzn2023-sagemaker"
PROCESSING_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/jobs:1"
FINAL = ("Completed", "Failed", "Stopped")


def archive(files: dict[str, str]) -> bytes:
    """A code archive: file name -> content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            data = textwrap.dedent(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def members(s3: Any, uri: str) -> dict[str, bytes]:
    """The files of a tar.gz in S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    with tarfile.open(fileobj=body, mode="r:gz") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def channel(name: str, prefix: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def wait(describe: Callable[[], dict[str, Any]], status_field: str, seconds: float = 20) -> dict[str, Any]:
    """Poll until the job has ended."""
    return wait_until(describe, lambda job: job[status_field] in FINAL, seconds)


def wait_until(
    describe: Callable[[], dict[str, Any]], reached: Callable[[dict[str, Any]], bool], seconds: float = 20
) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while not reached(job := describe()):
        assert time.monotonic() < deadline, f"still {job}"
        time.sleep(0.03)
    return job
