"""Finds nearly equal pictures: perceptual hashes propose pairs, small grey thumbnails confirm them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from imgcls.preparation.inspection import Inspection

MIN_CORRELATION = 0.96
"""Of two thumbnails. On drawn and real photographs, re-encoded, scaled and slightly cropped copies stay above 0.96,
different pictures whose hashes are close stay below 0.95."""
_CHUNK = 512


def pairs(images: Sequence[Inspection], distance: int) -> list[tuple[int, int]]:
    """Index pairs (low, high), sorted, of different files whose hashes differ in at most `distance` bits.

    Exact: every pair is compared, in blocks whose memory does not depend on the number of images. Images of one
    colour have no hash worth comparing and are left out.
    """
    usable = np.array([i for i, image in enumerate(images) if "blank" not in image.findings], dtype=np.int64)
    if distance == 0 or len(usable) < 2:
        return []
    hashes = np.array([images[i].hash for i in usable], dtype=np.uint64)
    found = []
    for low, high in _candidates(hashes, distance):
        first, second = images[usable[low]], images[usable[high]]
        if first.sha256 != second.sha256 and _correlation(first, second) >= MIN_CORRELATION:
            found.append((int(usable[low]), int(usable[high])))
    return sorted(found)


def _candidates(hashes: np.ndarray, distance: int) -> Iterator[tuple[int, int]]:
    for start in range(0, len(hashes), _CHUNK):
        block = hashes[start : start + _CHUNK, None]
        for column in range(start, len(hashes), _CHUNK * 8):
            near = np.bitwise_count(block ^ hashes[None, column : column + _CHUNK * 8]) <= distance
            for row, offset in zip(*np.nonzero(near), strict=True):
                low, high = start + int(row), column + int(offset)
                if low < high:
                    yield low, high


def _correlation(first: Inspection, second: Inspection) -> float:
    """Of the two thumbnails' grey values, so brightness and contrast do not count."""
    a, b = (np.frombuffer(image.thumbnail, np.uint8).astype(np.float64) for image in (first, second))
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm else 0.0


def groups(num: int, linked: Sequence[tuple[int, int]]) -> list[int]:
    """For each of `num` images the smallest index of its group, groups being connected through `linked` pairs."""
    parent = list(range(num))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for first, second in linked:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return [root(index) for index in range(num)]
