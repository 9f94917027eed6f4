"""A data set: a prefix in the data bucket, its layout, and what the Prepare step demands of it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from config.base import Config
from imgcls.contract import keys


class Split(Config):
    """Shares of a split by content hash. Another `seed` draws other images."""

    train: float = Field(default=0.7, gt=0, lt=1)
    """What a model learns from."""
    validation: float = Field(default=0.15, gt=0, lt=1)
    """Chooses the epoch, the trial and the temperature."""
    test: float = Field(default=0.15, gt=0, lt=1)
    """Decides whether a model is published; nothing else sees it."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Another one draws other images."""

    @model_validator(mode="after")
    def _sum_is_one(self) -> Self:
        if abs(self.train + self.validation + self.test - 1) > 1e-6:
            raise ValueError(
                f"train + validation + test is {self.train + self.validation + self.test:.3f}; it must be 1"
            )
        return self


class Limits(Config):
    """What an image and a class must be to be trained on. Lengths in pixels."""

    min_images_per_class: int = Field(default=10, ge=1, alias="min_images")
    """Training images without which a class stops the run."""
    min_side: int = Field(default=16, ge=1, le=4096)
    """Smaller images are quarantined."""
    max_pixels: int = Field(default=65_000_000, ge=1024, le=1_000_000_000)
    """Larger images are quarantined, and those that cost more to decode than such a JPEG. Each pixel above 65 million
    allows an image 4 bytes of memory and 10 ns of a core more."""
    max_aspect_ratio: float = Field(default=8, ge=1, le=1000)
    """Images that are longer, in proportion to their width, are quarantined."""
    max_quarantined: float = Field(default=0.5, ge=0, le=1)
    """The run stops when a larger share of the images is unusable."""
    near_duplicate_distance: int = Field(default=6, ge=0, le=16)
    """Largest Hamming distance of two perceptual hashes that counts as the same picture; 0: exact copies only."""


class DatasetSpec(Config):
    """`layout` `splits`: `train/ valid/ test/` of class folders; `classes`: class folders alone, split by `split`."""

    name: str
    layout: Literal["splits", "classes"]
    """`splits`: train/, valid/ and test/ of class folders; `classes`: class folders alone, split by `split`."""
    split: Split = Split()
    limits: Limits = Limits()
    labels: dict[str, str] = Field(default_factory=dict)
    """Class folder or label -> the label that answers carry."""
    max_short_side: int | None = Field(default=None, ge=16)
    """Training images are scaled down to it. Pixels; null: what the largest preprocessing of a run's models needs."""
    jpeg_quality: int = Field(default=90, ge=50, le=100)
    """Of the training images in shards."""
    packing: Literal["shards", "raw", "folders"] = "shards"
    """How the train split is written: JPEGs of `jpeg_quality` in a few large sequential objects; decoded pixels in such
    objects, ten times the bytes but nothing to decode; or class folders."""

    def settings(self) -> dict[str, Any]:
        """The fields of `imgcls.contract.dataset.DatasetSettings` that are configured."""
        values = self.model_dump(mode="json", exclude_none=True)
        limits, split = values.pop("limits"), values["split"]
        return {**values, **limits, "split_seed": split.pop("seed")}

    @field_validator("name")
    @classmethod
    def _name_is_a_key(cls, value: str) -> str:
        if not keys.NAME.fullmatch(value):
            raise ValueError(f"{value!r} is not a data set name: use lower case letters, digits and hyphens")
        return value
