"""Settings of a data set: defaults, limits, and the sentence for each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from imgcls.contract import dataset
from imgcls.contract.dataset import DatasetError, DatasetSettings, Split

DEFAULTS: dict[str, Any] = {
    "name": "dataset",
    "layout": "auto",
    "split": {"train": 0.8, "validation": 0.1, "test": 0.1},
    "split_seed": 0,
    "labels": {},
    "min_images_per_class": 10,
    "min_side": 16,
    "max_pixels": 65_000_000,
    "max_aspect_ratio": 8.0,
    "max_quarantined": 0.5,
    "near_duplicate_distance": 6,
    "imbalance_ratio": 10.0,
    "max_short_side": 512,
    "jpeg_quality": 90,
    "packing": "shards",
    "shard_megabytes": 150,
}
LIMITS = {
    "split_seed": (0, 2147483647),
    "min_images_per_class": (1, 1_000_000),
    "min_side": (1, 4096),
    "max_pixels": (1024, 1_000_000_000),
    "max_aspect_ratio": (1, 1000),
    "max_quarantined": (0, 1),
    "near_duplicate_distance": (0, 16),
    "imbalance_ratio": (1, 1_000_000),
    "max_short_side": (16, 8192),
    "jpeg_quality": (50, 100),
    "shard_megabytes": (1, 10_000),
}


def test_nothing_said_is_the_default() -> None:
    assert DatasetSettings.from_dict({}).to_dict() == DEFAULTS
    assert DatasetSettings.from_dict(DEFAULTS) == DatasetSettings()


@pytest.mark.parametrize(("name", "limits"), LIMITS.items())
def test_a_number_lies_within_its_limits(name: str, limits: tuple[int, int]) -> None:
    for value in limits:
        assert getattr(DatasetSettings.from_dict({name: value}), name) == value
    low, high = limits
    for wrong in (low - 1, high + 1, True, "3", None):
        with pytest.raises(DatasetError, match=f"{name} is {wrong!r}; it must be between {low} and {high}"):
            DatasetSettings.from_dict({name: wrong})


@pytest.mark.parametrize(
    ("name", "choices"), [("layout", ("auto", "splits", "classes")), ("packing", ("shards", "raw", "folders"))]
)
def test_a_choice_is_one_of_a_few(name: str, choices: tuple[str, ...]) -> None:
    for choice in choices:
        assert getattr(DatasetSettings.from_dict({name: choice}), name) == choice
    with pytest.raises(DatasetError, match=f"{name} is 'zip'; it must be one of {', '.join(choices)}"):
        DatasetSettings.from_dict({name: "zip"})


def test_the_choices_are_named_where_others_read_them() -> None:
    assert dataset.LAYOUTS == ("auto", "splits", "classes") and dataset.PACKINGS == ("shards", "raw", "folders")


def test_an_unknown_field_is_named_with_the_choices() -> None:
    choices = ", ".join(DEFAULTS)
    with pytest.raises(DatasetError, match=f"dataset has the unknown field a; choose from {choices}"):
        DatasetSettings.from_dict({"b": 1, "a": 2})


@pytest.mark.parametrize(
    ("given", "split"),
    [
        ("0.6/0.3/0.1", Split(0.6, 0.3, 0.1)),
        ("0.8/0.2", Split(0.8 * 0.9, 0.8 * 0.1, 0.2)),
        ({"train": 0.6, "validation": 0.3, "test": 0.1}, Split(0.6, 0.3, 0.1)),
        ({"train": 0.8, "test": 0.2}, Split(0.8 * 0.9, 0.8 * 0.1, 0.2)),
        (Split(0.6, 0.3, 0.1), Split(0.6, 0.3, 0.1)),
        # A millionth is what sums of decimal fractions may be off.
        ({"train": 0.6, "validation": 0.3, "test": 0.1 + 9e-7}, Split(0.6, 0.3, 0.1 + 9e-7)),
    ],
)
def test_a_split_is_written_in_these_ways(given: Any, split: Split) -> None:
    assert DatasetSettings.from_dict({"split": given}).split == split


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("80", "split is '80'; write three shares like 0.8/0.1/0.1, or two like 0.8/0.2"),
        ("a/b/c", "split is 'a/b/c'; write three shares"),
        ("0.4/0.3/0.2/0.1", "split is '0.4/0.3/0.2/0.1'; write three shares"),
        ({"validation": 0.5, "test": 0.5}, "split has .*; it needs train, test and, if wanted, validation"),
        ({"train": 0.5, "validation": 0.5}, "split has .*; it needs train, test and, if wanted, validation"),
        ({"train": 0.5, "test": 0.5, "dev": 0}, "split has .*; it needs train, test and, if wanted, validation"),
        ("0.5/0.1/0.1", "split is 0.5/0.1/0.1; the shares must be positive and add to 1"),
        ("0.9/0/0.1", "split is 0.9/0/0.1; the shares must be positive and add to 1"),
        ("0.6/0.3/0.100002", "the shares must be positive and add to 1"),
        ({"train": 1.1, "validation": 0.1, "test": -0.2}, "the shares must be positive and add to 1"),
    ],
)
def test_a_wrong_split_says_what_it_needs(given: Any, sentence: str) -> None:
    with pytest.raises(DatasetError, match=sentence):
        DatasetSettings.from_dict({"split": given})
