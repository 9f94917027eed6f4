"""Features on disk: a memory-mapped array that is used when it is complete and has the expected key.

    train-0.npy     float32 (images, features), in the split's order
    train-0.json    {"key", "block_rows", "blocks": [SHA-256 of each finished block of rows]}

The key identifies everything that the numbers depend on. A block is valid when its bytes have the hash in the index, so
an interrupted pass resumes where it stopped, even from a copy that was made while it ran.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK_ROWS = 1024

Memmap = np.memmap[tuple[int, ...], np.dtype[np.float32]]


class FeatureArray:
    """One array, complete or in progress. `rows` is the number of rows so far; `append` adds the next ones."""

    def __init__(self, folder: Path, name: str, key: Mapping[str, Any], shape: tuple[int, int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._data, self._index = folder / f"{name}.npy", folder / f"{name}.json"
        self._key = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        self.shape = shape
        self._array, self._blocks = self._open()
        self.rows = min(len(self._blocks) * BLOCK_ROWS, shape[0])
        self.reused_rows = self.rows

    @property
    def is_complete(self) -> bool:
        return self.rows == self.shape[0]

    def read(self) -> npt.NDArray[np.float32]:
        """The complete array, memory-mapped, read-only."""
        assert self.is_complete, "the pass over the split has not ended"
        array: npt.NDArray[np.float32] = np.load(self._data, mmap_mode="r")
        return array

    def append(self, features: npt.NDArray[np.float32]) -> None:
        """Add float32 (rows, features). Every finished block is flushed to the disk before the index lists it."""
        self._array[self.rows : self.rows + len(features)] = features
        self.rows += len(features)
        finished = -(-self.rows // BLOCK_ROWS) if self.is_complete else self.rows // BLOCK_ROWS
        if finished > len(self._blocks):
            self._array.flush()
            self._blocks += [_digest(self._array, number) for number in range(len(self._blocks), finished)]
            self._write_index()

    def _open(self) -> tuple[Memmap, list[str]]:
        """The array to write to, and the hashes of its valid blocks: none for another key or shape."""
        index = _read_json(self._index)
        array = self._mapped() if index.get("key") == self._key and index.get("block_rows") == BLOCK_ROWS else None
        if array is None:
            self._index.unlink(missing_ok=True)
            return np.lib.format.open_memmap(self._data, "w+", np.float32, self.shape), []
        good = takewhile(lambda item: _digest(array, item[0]) == item[1], enumerate(index["blocks"]))
        return array, [digest for _, digest in good]

    def _mapped(self) -> Memmap | None:
        """The existing file; None without one, or when it is truncated or has another shape."""
        try:
            array = np.lib.format.open_memmap(self._data, "r+")
        except (FileNotFoundError, ValueError):
            return None
        return array if array.shape == self.shape and array.dtype == np.float32 else None

    def _write_index(self) -> None:
        partial = self._index.with_suffix(".partial")
        text = {"key": self._key, "block_rows": BLOCK_ROWS, "blocks": self._blocks}
        with partial.open("w") as file:
            json.dump(text, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self._index)


def _digest(array: npt.NDArray[np.float32], block: int) -> str:
    return hashlib.sha256(array[block * BLOCK_ROWS : (block + 1) * BLOCK_ROWS].tobytes()).hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    """The index; empty when there is none or it is truncated."""
    try:
        index: dict[str, Any] = json.loads(path.read_text())
        return index
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
