"""The settings of the Prepare step: the `dataset` object of `plan.json`, or prepare.py's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

LAYOUTS = ("auto", "splits", "classes")
PACKINGS = ("shards", "raw", "folders")
"""JPEGs in shards, decoded pixels in shards (ten times the bytes, no decoding), or files in class folders."""


class DatasetError(ValueError):
    """Data or settings that a model should not be trained with; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Split:
    """Shares of a split by content hash. Without `validation` the validation split is taken from the training part."""

    train: float = 0.8
    validation: float = 0.1
    test: float = 0.1

    @classmethod
    def parse(cls, text: str) -> Split:
        """`0.8/0.1/0.1` is train/validation/test; `0.8/0.2` is train/test, with a tenth of train for validation."""
        try:
            shares = [float(part) for part in text.split("/")]
        except ValueError:
            shares = []
        if len(shares) == 2:
            shares = [shares[0] * 0.9, shares[0] * 0.1, shares[1]]
        if len(shares) != 3:
            raise DatasetError(f"split is {text!r}; write three shares like 0.8/0.1/0.1, or two like 0.8/0.2")
        return cls(*shares).checked()

    @classmethod
    def from_dict(cls, value: Mapping[str, float]) -> Split:
        unknown = set(value) - {f.name for f in fields(cls)}
        if unknown or "train" not in value or "test" not in value:
            raise DatasetError(f"split has {sorted(value)}; it needs train, test and, if wanted, validation")
        if "validation" not in value:
            return cls.parse(f"{value['train']}/{value['test']}")
        return cls(**value).checked()

    def checked(self) -> Split:
        shares = (self.train, self.validation, self.test)
        if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
            raise DatasetError(
                f"split is {'/'.join(f'{s:g}' for s in shares)}; the shares must be positive and add to 1"
            )
        return self


@dataclass(frozen=True)
class DatasetSettings:
    """Thresholds and choices of the Prepare step. Lengths in pixels.

    `labels` renames class folders. `near_duplicate_distance` is the largest Hamming distance of two 64-bit
    perceptual hashes that counts as the same picture; 0 finds exact copies only. `max_short_side`, `jpeg_quality` and
    `packing` apply to the train split alone, whose images are scaled down to that short side or up to a tenth more.
    `imbalance_ratio`, largest class to smallest, is reported, never refused.
    """

    name: str = "dataset"
    layout: str = "auto"
    split: Split = field(default_factory=Split)
    split_seed: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    min_images_per_class: int = 10
    min_side: int = 16
    max_pixels: int = 65_000_000
    max_aspect_ratio: float = 8.0
    max_quarantined: float = 0.5
    near_duplicate_distance: int = 6
    imbalance_ratio: float = 10.0
    max_short_side: int = 512
    jpeg_quality: int = 90
    packing: str = "shards"
    shard_megabytes: int = 150

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> DatasetSettings:
        """Raises DatasetError that names the field."""
        known = {f.name: f for f in fields(cls)}
        unknown = sorted(set(value) - set(known))
        if unknown:
            raise DatasetError(f"dataset has the unknown field {unknown[0]}; choose from {', '.join(known)}")
        values = dict(value)
        if isinstance(values.get("split"), Mapping):
            values["split"] = Split.from_dict(values["split"])
        elif isinstance(values.get("split"), str):
            values["split"] = Split.parse(values["split"])
        return cls(**values).checked()

    def checked(self) -> DatasetSettings:
        """Returns self. Raises DatasetError naming the field, its value and the allowed values."""
        for name, allowed in (("layout", LAYOUTS), ("packing", PACKINGS)):
            if getattr(self, name) not in allowed:
                raise DatasetError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(allowed)}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise DatasetError(f"{name} is {value!r}; it must be between {low} and {high}")
        return self

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


_RANGES: dict[str, tuple[float, float]] = {
    "split_seed": (0, 2**31 - 1),
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
