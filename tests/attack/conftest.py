"""What the attacks share: a local cloud with one object, the developer's key, a small disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.credentials import Credentials

from localcloud import LocalCloud
from tests.attack.small_disk import disk

__all__ = ["attacked", "disk", "keys", "url"]


@pytest.fixture(scope="module")
def attacked() -> Iterator[LocalCloud]:
    with LocalCloud() as running:
        s3 = running.cloud.client("s3")
        s3.create_bucket(Bucket="attacked")
        s3.put_object(Bucket="attacked", Key="a b/é+'(.txt", Body=b"kept")
        yield running


@pytest.fixture
def url(attacked: LocalCloud) -> str:
    return attacked.url


@pytest.fixture
def keys(attacked: LocalCloud) -> Credentials:
    key = attacked.cloud.keys.developer
    return Credentials(key.id, key.secret, key.token)
