"""The search for near duplicates finds exactly the pairs that comparing all pairs finds, and groups them."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls.preparation import near_duplicates


@pytest.mark.parametrize("distance", [1, 3, 6, 16])
def test_every_close_pair_is_found(distance: int) -> None:
    rng = np.random.default_rng(distance)
    hashes = rng.integers(0, 2**64, 1500, dtype=np.uint64)
    for index in range(500):
        # Up to one bit more than the distance, so that the border is tested from both sides.
        bits = rng.choice(64, rng.integers(0, distance + 2), replace=False)
        hashes[index + 500] = hashes[index] ^ np.bitwise_or.reduce(np.uint64(1) << bits.astype(np.uint64))
    hashes[1400:] = hashes[0]
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None])
    expected = {(int(a), int(b)) for a, b in zip(*np.nonzero(distances <= distance), strict=True) if a < b}
    assert len(expected) > 4950
    assert set(near_duplicates.close(hashes, distance)) == expected


def test_groups_are_connected_components() -> None:
    assert near_duplicates.groups([(1, 2), (4, 5), (2, 4), (8, 9)]) == {1: 1, 2: 1, 4: 1, 5: 1, 8: 8, 9: 8}
