"""What `localcloud/s3/moto_objects.py` replaces in moto is what it was written for, and is given back."""

from __future__ import annotations

import collections
import inspect
import re
from importlib.metadata import version

from moto.s3 import models, notifications, responses
from moto.s3.models import FakeBucket, FakeKey, FakeMultipart, S3Backend
from moto.s3.responses import S3Response

from localcloud.s3.content import Content
from localcloud.s3.moto_objects import streamed_objects


def test_the_pinned_moto() -> None:
    assert version("moto") == "5.2.5", "compare moto_objects.py with the new moto, then update this version"


def test_moto_reads_objects_only_where_a_content_is_understood() -> None:
    """Each place that takes the bytes of an object; a new one has to be looked at."""
    source = inspect.getsource(models) + inspect.getsource(responses)
    found = collections.Counter(re.findall(r"(\w*key|part|\))\.value\b", source))
    # key: three in SelectObjectContent, which is refused, and two in GetObject; part: in what `complete` replaces.
    assert found == {"key": 5, "src_key": 1, "new_key": 1, "part": 2, ")": 1}
    assert source.count("_value_buffer") == 11


def test_everything_is_given_back() -> None:
    owners = (FakeKey, FakeMultipart, S3Backend, S3Response, responses, notifications)
    before = [dict(vars(owner)) for owner in owners]
    with streamed_objects():
        assert [dict(vars(owner)) for owner in owners] != before
    assert [dict(vars(owner)) for owner in owners] == before


def test_objects_that_are_gone_are_forgotten() -> None:
    with streamed_objects():
        backend = S3Backend("us-east-1", "123456789012")
        backend.buckets["b"] = FakeBucket("b", "123456789012", "us-east-1")
        for number in range(5):
            backend.put_object("b", "k", Content.of(b"%d" % number))
        assert not FakeKey.instances_tracked
        assert bytes(backend.get_object("b", "k").value) == b"4", "moto's other services get bytes"
    models.s3_backends.bucket_accounts.pop("b")
