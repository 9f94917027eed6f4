"""A bucket of the local cloud, the files of its objects, and requests that boto3 would not send."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud import LocalCloud
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.localcloud.s3 import signing

__all__ = ["local_cloud", "local_cloud_images"]

BUCKET = "objects"


@pytest.fixture(scope="module")
def s3(local_cloud: LocalCloud):
    client = local_cloud.cloud.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def files(local_cloud: LocalCloud) -> Callable[[], set[Path]]:
    """The files of all objects."""
    return lambda: set((local_cloud.cloud.root / "s3").glob("*/*"))


@pytest.fixture
def send(local_cloud: LocalCloud, s3) -> Callable[..., signing.Answer]:
    return functools.partial(signing.send, local_cloud)
