"""Base images by digest: what was asked about is pinned, what was not keeps its tag, and nothing is made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import config
from config import base_images
from config.base import ConfigError

CPU = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cpu-amzn2023-sagemaker"
CUDA = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"
DIGEST = f"sha256:{'ab' * 32}"


def test_an_environment_names_each_image_of_others_once() -> None:
    assert base_images.needed(config.load("dev")) == (CUDA, CPU, base_images.PYTHON_IMAGE)
    assert base_images.needed(config.load("local")) == ()


def test_an_image_that_was_asked_about_is_pinned_and_another_is_not() -> None:
    assert base_images.pinned(CPU, {CPU: DIGEST}) == f"763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch@{DIGEST}"
    assert base_images.pinned(CPU, {CUDA: DIGEST}) == CPU


def test_what_is_written_is_read_sorted_by_image(tmp_path: Path) -> None:
    lock = tmp_path / "images.lock.json"
    base_images.write_lock({CUDA: DIGEST, CPU: DIGEST}, lock)
    assert base_images.read_lock(lock) == {CPU: DIGEST, CUDA: DIGEST}
    assert list(json.loads(lock.read_text())) == [CPU, CUDA]


@pytest.mark.parametrize("text", ["", "[]", '{"image": "latest"}', '{"image": "sha256:12"}', '{"image": null}'])
def test_a_file_of_something_else_is_refused(text: str, tmp_path: Path) -> None:
    lock = tmp_path / "images.lock.json"
    lock.write_text(text)
    with pytest.raises(ConfigError, match=r"images\.lock\.json .*run `kennel images refresh`"):
        base_images.read_lock(lock)


def test_the_clones_file_has_digests_only() -> None:
    base_images.read_lock()
