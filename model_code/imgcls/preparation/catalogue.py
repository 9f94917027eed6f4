"""The inspections of all images in columns: about 250 bytes per image in memory, however long its record on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from imgcls.contract.manifest import QUARANTINED, REMOVED, Row
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION
from imgcls.preparation import findings

SPLITS = ("", TRAIN, VALIDATION, TEST)
"""What the numbers in the column `split` mean; the first is for an image without a split yet."""
THUMBNAIL_BYTES = 256

RECORD = np.dtype(
    [
        ("number", np.int64),  # row of the thumbnail
        ("sha256", np.uint8, 32),
        ("bytes", np.int64),
        ("width", np.uint32),
        ("height", np.uint32),
        ("findings", np.uint32),
        ("hash", np.uint64),
        ("split", np.uint8),
        ("label", np.int32),
        ("part", np.uint16),  # where the training bytes are
        ("offset", np.int64),
        ("packed", np.int64),
    ]
)


@dataclass(frozen=True)
class Catalogue:
    """One row of `records` and of `paths` per image, in path order.

    `records["label"]` is an index into `label_folders`, `records["findings"]` a `findings.mask`. If
    `records["packed"]` is not 0, training reads that many bytes of `parts[part]`, from `offset` on; otherwise it reads
    the image's file. `reasons` maps a row to its sentence. `thumbnails` (uint8, THUMBNAIL_BYTES wide) are on disk.
    """

    folder: Path
    paths: np.ndarray
    records: np.ndarray
    label_folders: tuple[str, ...]
    reasons: Mapping[int, str]
    thumbnails: np.ndarray
    parts: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.records)

    def path(self, index: int) -> str:
        return os.fsdecode(bytes(self.paths[index]))

    def label_folder(self, index: int) -> str:
        return self.label_folders[int(self.records["label"][index])]

    def sha256(self, index: int) -> str:
        """Hex digits, or "" for a file that could not be read."""
        unread = self.records["findings"][index] & findings.mask(("unreadable",))
        return "" if unread else str(self.records["sha256"][index].tobytes().hex())

    def contents(self, indices: np.ndarray) -> np.ndarray:
        """The hashes of the rows `indices`, as byte strings that sort like their hex digits."""
        return np.ascontiguousarray(self.records["sha256"][indices]).view("S32").ravel()


class Rows(Sequence[Row]):
    """The manifest's rows, built on access. `splits` and `masks` are the decision about each image."""

    def __init__(self, catalogue: Catalogue, splits: np.ndarray, masks: np.ndarray) -> None:
        self._catalogue, self._splits, self._masks = catalogue, splits, masks

    def __len__(self) -> int:
        return len(self._splits)

    def of(self, split: str) -> np.ndarray:
        """The indices of the rows with that `split`."""
        bad, removed = self._masks & findings.QUARANTINED != 0, self._masks & findings.REMOVED != 0
        if split == QUARANTINED:
            return np.flatnonzero(bad)
        if split == REMOVED:
            return np.flatnonzero(removed & ~bad)
        return np.flatnonzero((self._splits == SPLITS.index(split)) & ~bad & ~removed)

    def __iter__(self) -> Iterator[Row]:
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        record, mask = self._catalogue.records[index], int(self._masks[index])
        split = SPLITS[self._splits[index]]
        return Row(
            path=self._catalogue.path(index),
            sha256=self._catalogue.sha256(index),
            bytes=int(record["bytes"]),
            label_folder=self._catalogue.label_folder(index),
            split={"quarantined": QUARANTINED, "removed": REMOVED, "kept": split}[findings.action(mask)],
            width=int(record["width"]),
            height=int(record["height"]),
            findings=findings.codes(mask),
        )
