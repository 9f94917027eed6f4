"""Which split an image belongs to when the data set does not say: a function of its content, so it never moves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set

from imgcls.contract.dataset import Split
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION
from imgcls.preparation import lookalikes


def split_of(sha256: str, shares: Split, seed: int, given: Set[str] = frozenset()) -> str:
    """The split of the content `sha256`. Splits in `given` exist already and get nothing from here."""
    position = int.from_bytes(hashlib.sha256(f"{seed}:{sha256}".encode()).digest()[:8]) / 2**64
    test = 0.0 if TEST in given else shares.test
    validation = 0.0 if VALIDATION in given else shares.validation
    total = shares.train + test + validation
    if position < test / total:
        return TEST
    return VALIDATION if position < (test + validation) / total else TRAIN


def assign(
    hashes: Sequence[str], linked: Sequence[tuple[int, int]], shares: Split, seed: int, given: Set[str] = frozenset()
) -> list[str]:
    """The split of each image. Look-alikes stay together: their group goes where its smallest hash goes.

    So an added file can move the members of its own group and nothing else.
    """
    roots = lookalikes.groups(len(hashes), linked)
    smallest: dict[int, str] = {}
    for root, sha256 in zip(roots, hashes, strict=True):
        smallest[root] = min(sha256, smallest.get(root, sha256))
    return [split_of(smallest[root], shares, seed, given) for root in roots]
