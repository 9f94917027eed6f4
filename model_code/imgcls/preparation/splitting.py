"""The split of an image where the data set does not define one: a function of its content, so that it never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Set

from imgcls.contract.dataset import Split
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION
from imgcls.preparation import near_duplicates


def split_of(sha256: str, shares: Split, seed: int, given: Set[str] = frozenset()) -> str:
    """The split for the content `sha256`. Splits in `given` exist already and get no further images."""
    position = int.from_bytes(hashlib.sha256(f"{seed}:{sha256}".encode()).digest()[:8]) / 2**64
    test = 0.0 if TEST in given else shares.test
    validation = 0.0 if VALIDATION in given else shares.validation
    total = shares.train + test + validation
    if position < test / total:
        return TEST
    return VALIDATION if position < (test + validation) / total else TRAIN


def assign(
    indices: Iterable[int],
    linked: Iterable[tuple[int, int]],
    content: Callable[[int], str],
    shares: Split,
    seed: int,
    given: Set[str] = frozenset(),
) -> Iterator[tuple[int, str]]:
    """(index, split) of each image; `content` returns its SHA-256.

    Near duplicates stay together: their group goes where its smallest hash goes, so an added file can only move the
    members of its own group.
    """
    roots = near_duplicates.groups(linked)
    smallest: dict[int, str] = {}
    for index, root in roots.items():
        smallest[root] = min(content(index), smallest.get(root, content(index)))
    for index in indices:
        sha256 = smallest[roots[index]] if index in roots else content(index)
        yield index, split_of(sha256, shares, seed, given)
