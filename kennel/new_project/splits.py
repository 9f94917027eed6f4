"""How to split a folder into train, validation and test, so that every class has images in each.

The Prepare step splits by a hash of each file's content, which the seed varies, and refuses a run in which a class has
nothing to validate or to test with. By chance that happens: of two classes of 40 images, in one run of 170 at 15 %.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgcls.contract.dataset import Split
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION
from imgcls.preparation.splitting import split_of
from kennel.errors import KennelError
from kennel.new_project.inspection import ClassFolder, Inspection, Progress

SHARES = Split(0.7, 0.15, 0.15)
"""The default of a project file."""
SHARES_OF_FEW = Split(0.6, 0.2, 0.2)
FEW = 50
"""Below so many images in the smallest class, 15 % of them are too few to tell two models apart."""
MIN_CLASS = 5
"""Three to train on, one to choose the epoch by, one to test with."""
DEFAULT_MIN_IMAGES = 10
_RISK = 1e-5
"""Of a class without validation or test images, which is accepted without a look at the content of files."""
_MOST_HASHES = 500_000
"""What the search for a seed may cost: a second or two."""
_FAIR = 0.5
"""A seed is good where every class has at least this share of the images that it can expect in each split."""


@dataclass(frozen=True)
class SplitPlan:
    """`shares` is None where the folders say which split an image is in. Counts are of images per class."""

    shares: Split | None
    seed: int
    train: Mapping[str, int]
    validation: Mapping[str, int]
    test: Mapping[str, int]

    @property
    def num_train(self) -> int:
        return sum(self.train.values())

    @property
    def min_images(self) -> int:
        """Of a class to train on. A fifth less than there are: the Prepare step may still find copies among them."""
        return min(DEFAULT_MIN_IMAGES, max(2, int(0.8 * min(self.train.values()))))


def propose(found: Inspection, progress: Progress = lambda work, done, total: None) -> SplitPlan:
    """Raises KennelError for classes that cannot be split, with the fix."""
    given = {split for item in found.classes for split in item.files} - {"", TRAIN}
    small = [item for item in found.classes if item.num_usable() < MIN_CLASS]
    if small:
        raise KennelError(
            f"class {small[0].label!r} has {small[0].num_usable()} usable images; at least {MIN_CLASS} are needed: "
            f"add some to {found.folder / small[0].name}, or move the folder away"
        )
    if given == {VALIDATION, TEST}:
        counts = {split: {item.name: item.num_usable(split) for item in found.classes} for split in (TRAIN, *given)}
        plan = SplitPlan(None, 0, counts[TRAIN], counts[VALIDATION], counts[TEST])
    else:
        plan = _carve(found, given, progress)
    _check(plan, found, given)
    return plan


def _carve(found: Inspection, given: set[str], progress: Progress) -> SplitPlan:
    """Take the splits that the folders do not give out of what would be trained on."""
    sizes = {item.name: item.num_usable("") + item.num_usable(TRAIN) for item in found.classes}
    shares = SHARES if min(sizes.values()) >= FEW else SHARES_OF_FEW
    parts = _parts(shares, given)
    hashed = _hashes(_at_risk(found.classes, sizes, parts), progress)
    seed = _seed(hashed, shares, given, parts)
    counts: dict[str, dict[str, int]] = {split: {} for split in (TRAIN, VALIDATION, TEST)}
    for item in found.classes:
        exact = Counter(split_of(sha, shares, seed, given) for sha in hashed.get(item.name, ()))
        for split in counts:
            if split in given:
                counts[split][item.name] = item.num_usable(split)
            elif item.name in hashed:
                counts[split][item.name] = exact[split]
            else:
                counts[split][item.name] = round(parts[split] * sizes[item.name])
    return SplitPlan(shares, seed, counts[TRAIN], counts[VALIDATION], counts[TEST])


def _parts(shares: Split, given: set[str]) -> dict[str, float]:
    """The share of each split that is not given."""
    wanted = {TRAIN: shares.train, VALIDATION: shares.validation, TEST: shares.test}
    left = {split: share for split, share in wanted.items() if split not in given}
    return {split: share / sum(left.values()) for split, share in left.items()}


def _at_risk(classes: Sequence[ClassFolder], sizes: Mapping[str, int], parts: Mapping[str, float]) -> list[ClassFolder]:
    """The smallest classes, without which a bad split is less likely than `_RISK`."""

    def risk(item: ClassFolder) -> float:
        return sum((1 - share) ** sizes[item.name] for split, share in parts.items() if split != TRAIN)

    ordered = sorted((item for item in classes if sizes[item.name]), key=risk)
    accepted = 0.0
    while ordered and (accepted := accepted + risk(ordered[0])) < _RISK:
        ordered.pop(0)
    return ordered


def _hashes(classes: Sequence[ClassFolder], progress: Progress) -> dict[str, set[str]]:
    """Class folder -> SHA-256 of its usable files that are not in a given split; copies count once."""
    paths = [
        (item.name, path)
        for item in classes
        for split in ("", TRAIN)
        for path in item.files.get(split, ())
        if path not in item.unusable
    ]
    found: dict[str, set[str]] = {item.name: set() for item in classes}
    for done, (name, path) in enumerate(paths, start=1):
        found[name].add(_sha256(path))
        progress("Looking for a split that has every class in every part", done, len(paths))
    return found


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise KennelError(f"{path} cannot be read: {error.strerror}") from None


def _seed(hashed: Mapping[str, set[str]], shares: Split, given: set[str], parts: Mapping[str, float]) -> int:
    """The first seed that is fair to every class, or the fairest of all that were tried."""
    best, most, seed, left = 0, 0.0, 0, _MOST_HASHES
    while left > 0 and most < _FAIR:
        worst = 1.0
        for contents in sorted(hashed.values(), key=len):
            left -= len(contents)
            counts = Counter(split_of(sha, shares, seed, given) for sha in contents)
            worst = min([worst, *(counts[split] / (share * len(contents)) for split, share in parts.items())])
            if worst <= most:
                break
        else:
            best, most = seed, worst
        seed += 1
    return best


def _check(plan: SplitPlan, found: Inspection, given: set[str]) -> None:
    """Raises KennelError for the first class without images in a split."""
    for item in found.classes:
        for split, counts in ((TRAIN, plan.train), (VALIDATION, plan.validation), (TEST, plan.test)):
            if counts[item.name]:
                continue
            if split == TRAIN or split in given:
                raise KennelError(
                    f"class {item.label!r} has no usable image in {split}/: move some there, or move its folder away"
                )
            raise KennelError(
                f"class {item.label!r} has {item.num_usable()} images, too few to be split by chance among "
                f"{len(found.classes)} classes: add some, or make train/, valid/ and test/ folders by hand"
            )
