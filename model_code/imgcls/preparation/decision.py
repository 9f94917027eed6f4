"""Decides from the inspections of all images which split each goes to, and which are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imgcls.contract.dataset import DatasetSettings
from imgcls.preparation import findings, near_duplicates, splitting
from imgcls.preparation.catalogue import SPLITS, Catalogue, Rows

_NONE, _TRAIN, _VALIDATION, _TEST = range(len(SPLITS))
"""An image that is in two splits stays in the one with the higher number, which evaluates later."""


@dataclass(frozen=True)
class Pair:
    """Two images that are (nearly) the same. `code` is the finding, `other` the image that is kept or came first."""

    path: str
    other: str
    code: str


@dataclass(frozen=True)
class Decision:
    """`rows` are in path order. `reasons` maps a quarantined or removed path to its sentence."""

    catalogue: Catalogue
    rows: Rows
    pairs: tuple[Pair, ...]
    reasons: Mapping[str, str]

    def of(self, split: str) -> np.ndarray:
        """The indices, in the catalogue and in `rows`, of the rows with that `split`."""
        return self.rows.of(split)


def decide(catalogue: Catalogue, settings: DatasetSettings) -> Decision:
    """Pure: the same catalogue gives the same decision."""
    return _Decider(catalogue).decide(settings)


class _Decider:
    """One decision in progress. Only images with a problem have pairs and reasons, so memory stays small."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._splits = catalogue.records["split"].copy()
        self._masks = catalogue.records["findings"].copy()
        self._reasons = dict(catalogue.reasons)
        self._pairs: list[Pair] = []

    def decide(self, settings: DatasetSettings) -> Decision:
        self._remove_label_conflicts()
        usable = self._usable()
        linked = self._linked(usable, settings.near_duplicate_distance)
        self._assign_splits(usable, linked, settings)
        self._remove_copies(usable)
        self._mark_near_duplicates(linked)
        return Decision(
            self._catalogue,
            Rows(self._catalogue, self._splits, self._masks),
            tuple(sorted(self._pairs, key=lambda pair: pair.path)),
            {self._catalogue.path(index): reason for index, reason in self._reasons.items()},
        )

    def _usable(self) -> np.ndarray:
        return np.flatnonzero(self._masks & (findings.QUARANTINED | findings.REMOVED) == 0)

    def _mark(self, index: int, code: str, reason: str = "") -> None:
        self._masks[index] |= findings.mask((code,))
        if reason:
            self._reasons.setdefault(index, reason)

    def _pair(self, index: int, other: int, code: str) -> None:
        self._pairs.append(Pair(self._catalogue.path(index), self._catalogue.path(other), code))

    def _copies(self, usable: np.ndarray) -> Iterator[list[int]]:
        """The rows, in path order, of each group of images with the same bytes."""
        contents = self._catalogue.contents(usable)
        order = np.argsort(contents, kind="stable")
        ends = np.flatnonzero(contents[order][1:] != contents[order][:-1]) + 1
        lengths = np.diff(ends, prepend=0, append=len(order))
        for start, length in zip(np.concatenate([[0], ends]), lengths, strict=True):
            if length > 1:
                yield usable[order[start : start + length]].tolist()

    def _remove_label_conflicts(self) -> None:
        label = self._catalogue.label_folder
        for copies in list(self._copies(self._usable())):
            folders = sorted({label(index) for index in copies})
            if len(folders) == 1:
                continue
            reason = f"the same image is in the classes {', '.join(folders)}: keep it in the right one only"
            for index in copies:
                self._mark(index, "label-conflict", reason)
                self._pair(index, next(c for c in copies if label(c) != label(index)), "label-conflict")

    def _linked(self, usable: np.ndarray, distance: int) -> list[tuple[int, int]]:
        """Pairs of near duplicates and of copies, which have to stay in one split."""
        links = [(copies[0], index) for copies in self._copies(usable) for index in copies[1:]]
        is_first = np.ones(len(self._masks), bool)
        is_first[[index for _, index in links]] = False
        # The hash of an image of one colour says nothing.
        is_blank = self._masks[usable] & findings.mask(("blank",)) != 0
        unique = usable[is_first[usable] & ~is_blank]
        near = near_duplicates.pairs(self._catalogue, unique, distance)
        return sorted([*links, *near])

    def _assign_splits(self, usable: np.ndarray, linked: Sequence[tuple[int, int]], settings: DatasetSettings) -> None:
        """Splits that the data set has are respected; a missing one is taken from the training images."""
        given = set(np.unique(self._splits[usable]).tolist()) - {_NONE, _TRAIN}
        if given == {_VALIDATION, _TEST}:
            return
        movable = usable[self._splits[usable] <= _TRAIN]
        inside = set(movable[np.isin(movable, np.array(linked, dtype=np.int64))].tolist())
        links = [(a, b) for a, b in linked if a in inside and b in inside]
        hashes = self._catalogue.sha256
        given_names = {SPLITS[number] for number in given}
        assigned = splitting.assign(movable, links, hashes, settings.split, settings.split_seed, given_names)
        for index, split in assigned:
            self._splits[index] = SPLITS.index(split)

    def _remove_copies(self, usable: np.ndarray) -> None:
        for copies in self._copies(usable):
            keeper = min(copies, key=lambda index: (-int(self._splits[index]), index))
            for index in copies:
                if index == keeper:
                    continue
                code = "duplicate" if self._splits[index] == self._splits[keeper] else "leak"
                self._mark(index, code, f"has the same bytes as {self._catalogue.path(keeper)}")
                self._pair(index, keeper, code)

    def _mark_near_duplicates(self, linked: Sequence[tuple[int, int]]) -> None:
        catalogue, splits = self._catalogue, self._splits
        for first, second in linked:
            if catalogue.sha256(first) == catalogue.sha256(second):
                continue
            if splits[first] != splits[second]:
                low, high = sorted((first, second), key=lambda index: int(splits[index]))
                reason = f"looks like {catalogue.path(high)}, which is in {SPLITS[splits[high]]}"
                self._mark(low, "near-leak", reason)
                self._pair(low, high, "near-leak")
            same = catalogue.label_folder(first) == catalogue.label_folder(second)
            code = "near-duplicate" if same else "near-label-conflict"
            if not same or splits[first] == splits[second]:
                self._mark(first, code)
                self._mark(second, code)
                self._pair(second, first, code)
