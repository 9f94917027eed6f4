"""What a function reads is bounded: documents, lists, and golden images by what a request can carry."""

from __future__ import annotations

import ast
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdas.common import bounded, s3
from lambdas.common.errors import Refused
from tests.lambdas.conftest import Account

LAMBDAS = Path(__file__).parents[2] / "lambdas"


class Endless(io.RawIOBase):
    """A body without an end."""

    num_bytes = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "it would never end"
        self.num_bytes += size
        return bytes(size)


def test_a_body_is_read_no_further_than_its_limit() -> None:
    body = Endless()
    with pytest.raises(Refused, match=r"^s3://b/k is larger than the 1,000 bytes that a function reads: put a smaller"):
        bounded.read(body, "s3://b/k", 1000)
    assert body.num_bytes == 1001
    assert bounded.read(io.BytesIO(bytes(1000)), "s3://b/k", 1000) == bytes(1000)


def test_a_list_is_read_no_further_than_its_limit() -> None:
    asked: list[int] = []

    def pages() -> Iterator[int]:
        for number in itertools.count():
            asked.append(number)
            yield number

    with pytest.raises(Refused, match="there are more than 3 classes, which is all that a function reads: delete some"):
        list(bounded.items(pages(), "classes", 3))
    assert asked == [0, 1, 2, 3]
    assert list(bounded.items(iter("abc"), "classes", 3)) == ["a", "b", "c"]


def test_an_object_that_is_too_large_is_refused_by_its_uri(aws: Account) -> None:
    aws.s3.put_object(Bucket=aws.artifacts, Key="labels.json", Body=b" " * (bounded.MAX_BYTES + 1))
    with pytest.raises(Refused, match=rf"s3://{aws.artifacts}/labels.json is larger than the 16,777,216 bytes"):
        s3.read_json(aws.artifacts, "labels.json")
    aws.s3.put_object(Bucket=aws.artifacts, Key="labels.json", Body=b"[1]" + b" " * (bounded.MAX_BYTES - 3))
    assert s3.read_json(aws.artifacts, "labels.json") == [1]


def test_a_bucket_with_too_many_folders_is_refused(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        aws.s3.put_object(Bucket=aws.data, Key=f"in/{name}/0.jpg", Body=b"x")
    assert s3.folders(aws.data, "in/") == ["a", "b", "c"]
    monkeypatch.setattr(bounded.items, "__defaults__", (2,))
    with pytest.raises(Refused, match="more than 2 classes"):
        s3.folders(aws.data, "in/")


def _calls(name: str) -> list[tuple[str, ast.Call]]:
    """(module, call) of every call of a method with this name in the functions."""
    return [
        (path.relative_to(LAMBDAS).as_posix(), node)
        for path in sorted(LAMBDAS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
    ]


def test_no_function_reads_a_whole_body_by_itself() -> None:
    unbounded = [module for module, call in _calls("read") if not call.args and not call.keywords]
    assert unbounded == []
    assert {module for module, _ in _calls("get_object")} == {"common/s3.py", "stage_artifact/staging.py"}


def test_every_paginator_is_read_through_the_one_bounded_reader() -> None:
    """An emptied bucket is read and forgotten page by page."""
    modules = {module for module, _ in _calls("get_paginator")} - {"empty_storage/buckets.py"}
    assert modules and all("bounded.items(" in (LAMBDAS / module).read_text() for module in modules)
    for module in modules:
        text = (LAMBDAS / module).read_text()
        assert text.count("bounded.items(") == text.count("get_paginator("), module
