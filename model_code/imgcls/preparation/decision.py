"""Decides, from what was seen of every image, which split it goes to and what is left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.manifest import QUARANTINED, REMOVED, Row
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION
from imgcls.preparation import findings, lookalikes, splitting
from imgcls.preparation.inspection import Inspection

_RANK = {TRAIN: 0, VALIDATION: 1, TEST: 2}
"""Who keeps a picture that two splits hold: the one that judges later."""


@dataclass(frozen=True)
class Pair:
    """Two images that are (nearly) the same. `code` is the finding, `other` the one that is kept or was there first."""

    path: str
    other: str
    code: str


@dataclass(frozen=True)
class Decision:
    """`rows` are in path order. `reasons` maps a quarantined or removed path to its sentence."""

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    reasons: Mapping[str, str]

    def of(self, split: str) -> list[Row]:
        return [row for row in self.rows if row.split == split]


@dataclass
class _State:
    """One image while it is being decided."""

    image: Inspection
    split: str
    codes: set[str] = field(default_factory=set)
    reason: str = ""

    def mark(self, code: str, reason: str = "") -> None:
        self.codes.add(code)
        self.reason = self.reason or reason

    @property
    def is_in(self) -> bool:
        return findings.action(tuple(self.codes)) == "kept"


def decide(images: Iterable[Inspection], settings: DatasetSettings) -> Decision:
    """Pure: the same images, in any order, give the same decision."""
    states = [
        _State(image, image.split, set(image.findings), image.reason) for image in sorted(images, key=lambda i: i.path)
    ]
    usable = [state for state in states if state.is_in]
    pairs = _remove_label_conflicts(usable)
    usable = [state for state in usable if state.is_in]
    linked = _linked(usable, settings.near_duplicate_distance)
    _assign_splits(usable, linked, settings)
    pairs += _remove_copies(usable)
    pairs += _judge_lookalikes(usable, linked)
    reasons = {state.image.path: state.reason for state in states if state.reason}
    return Decision(tuple(_row(state) for state in states), tuple(sorted(pairs, key=lambda p: p.path)), reasons)


def _row(state: _State) -> Row:
    image = state.image
    split = {"quarantined": QUARANTINED, "removed": REMOVED, "kept": state.split}[findings.action(tuple(state.codes))]
    return Row(
        path=image.path,
        sha256=image.sha256,
        bytes=image.num_bytes,
        label_folder=image.label_folder,
        split=split,
        width=image.width,
        height=image.height,
        findings=tuple(sorted(state.codes)),
    )


def _by_content(states: Sequence[_State]) -> dict[str, list[_State]]:
    copies: dict[str, list[_State]] = defaultdict(list)
    for state in states:
        copies[state.image.sha256].append(state)
    return copies


def _remove_label_conflicts(states: Sequence[_State]) -> list[Pair]:
    pairs = []
    for copies in _by_content(states).values():
        folders = sorted({state.image.label_folder for state in copies})
        if len(folders) == 1:
            continue
        for state in copies:
            other = next(c for c in copies if c.image.label_folder != state.image.label_folder).image.path
            state.mark("label-conflict", f"the same picture is in the classes {', '.join(folders)}: keep the right one")
            pairs.append(Pair(state.image.path, other, "label-conflict"))
    return pairs


def _linked(states: Sequence[_State], distance: int) -> list[tuple[int, int]]:
    """Index pairs of look-alikes and, so that they stay together, of copies."""
    first: dict[str, int] = {}
    copies = []
    for index, state in enumerate(states):
        known = first.setdefault(state.image.sha256, index)
        if known != index:
            copies.append((known, index))
    unique = list(first.values())
    near = lookalikes.pairs([states[i].image for i in unique], distance)
    return sorted([*copies, *((unique[a], unique[b]) for a, b in near)])


def _assign_splits(states: Sequence[_State], linked: Sequence[tuple[int, int]], settings: DatasetSettings) -> None:
    """Splits that the data set has are respected; a missing one is carved from what would be trained on."""
    given = {state.split for state in states} - {"", TRAIN}
    if given == {VALIDATION, TEST}:
        return
    movable = [index for index, state in enumerate(states) if state.split in ("", TRAIN)]
    position = {index: place for place, index in enumerate(movable)}
    inside = [(position[a], position[b]) for a, b in linked if a in position and b in position]
    hashes = [states[index].image.sha256 for index in movable]
    splits = splitting.assign(hashes, inside, settings.split, settings.split_seed, given)
    for index, split in zip(movable, splits, strict=True):
        states[index].split = split


def _remove_copies(states: Sequence[_State]) -> list[Pair]:
    pairs = []
    for copies in _by_content(states).values():
        keeper = min(copies, key=lambda state: (-_RANK[state.split], state.image.path))
        for state in copies:
            if state is keeper:
                continue
            code = "duplicate" if state.split == keeper.split else "leak"
            state.mark(code, f"has the same bytes as {keeper.image.path}")
            pairs.append(Pair(state.image.path, keeper.image.path, code))
    return pairs


def _judge_lookalikes(states: Sequence[_State], linked: Sequence[tuple[int, int]]) -> list[Pair]:
    pairs = []
    for a, b in linked:
        first, second = states[a], states[b]
        if first.image.sha256 == second.image.sha256:
            continue
        if first.split != second.split:
            low, high = sorted((first, second), key=lambda state: _RANK[state.split])
            low.mark("near-leak", f"looks like {high.image.path}, which is in {high.split}")
            pairs.append(Pair(low.image.path, high.image.path, "near-leak"))
        same = first.image.label_folder == second.image.label_folder
        code = "near-duplicate" if same else "near-label-conflict"
        if not same or first.split == second.split:
            second.mark(code)
            first.mark(code)
            pairs.append(Pair(second.image.path, first.image.path, code))
    return pairs
