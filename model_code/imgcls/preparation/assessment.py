"""Whether a data set is fit for training: problems that stop the run, and warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from imgcls.contract.artifact import label_of
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.manifest import QUARANTINED, REMOVED, SPLITS, Row
from imgcls.contract.prepared import TEST, TRAIN, VALIDATION
from imgcls.preparation import findings


@dataclass(frozen=True)
class Assessment:
    """`failures` stop the run, each a sentence that says what to do; `warnings` do not. `found` counts the findings."""

    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    found: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines for a terminal, besides the failures."""
        return (*self.found, *self.warnings)


def assess(
    rows: Sequence[Row],
    folders: Mapping[str, Sequence[str]],
    settings: DatasetSettings,
    left_out: Sequence[str] = (),
) -> Assessment:
    """`folders` are the class folders of each split, under the key `""` if the data set has no split folders.

    `left_out` are sentences on files that are not part of the data set.
    """
    classes = tuple(sorted({name for names in folders.values() for name in names}))
    counts = Counter((row.label_folder, row.split) for row in rows)
    given = {split: set(names) for split, names in folders.items() if split}
    failures = [
        *_unusable_share(rows, settings),
        *_labels(classes, settings),
        *_class_sets(given, settings),
        *(
            sentence
            for name in classes
            if not given or name in given.get(TRAIN, ())
            for sentence in _one_class(name, rows, counts, given, settings)
        ),
    ]
    warnings = (*left_out, *_warnings(classes, counts, settings))
    return Assessment(tuple(failures), warnings, tuple(_found(rows)), classes)


def _unusable_share(rows: Sequence[Row], settings: DatasetSettings) -> Iterator[str]:
    bad = sum(row.split == QUARANTINED for row in rows)
    if rows and bad > settings.max_quarantined * len(rows):
        yield (
            f"{bad} of {len(rows)} files are unusable, more than {settings.max_quarantined:.0%}: "
            "check that the upload is complete, or raise --max-quarantined"
        )


def _labels(classes: Sequence[str], settings: DatasetSettings) -> Iterator[str]:
    if len(classes) < 2:
        yield f"the data set has {len(classes)} class; a classifier needs at least 2: add a class folder"
    label_folders: dict[str, str] = {}
    for name in classes:
        label = label_of(name, settings.labels)
        if label in label_folders:
            yield f"the folders {label_folders[label]} and {name} both have the label {label!r}: rename one"
        label_folders[label] = name
    known = {*classes, *(label_of(name) for name in classes)}
    for name in sorted(set(settings.labels) - known):
        yield f"labels renames {name!r}, which is not a class; the classes are {_some(sorted(classes))}"


def _class_sets(given: Mapping[str, set[str]], settings: DatasetSettings) -> Iterator[str]:
    train = given.get(TRAIN, set())
    for split in sorted(given.keys() - {TRAIN}):
        for name in sorted(given[split] - train):
            label = label_of(name, settings.labels)
            yield f"class {label!r} is in {split}/ but not in train/: add training images, or delete the folder"


def _one_class(
    name: str,
    rows: Sequence[Row],
    counts: Mapping[tuple[str, str], int],
    given: Mapping[str, set[str]],
    settings: DatasetSettings,
) -> Iterator[str]:
    label = label_of(name, settings.labels)
    good = sum(counts.get((name, split), 0) for split in SPLITS)
    bad = counts.get((name, QUARANTINED), 0)
    removed = counts.get((name, REMOVED), 0)
    if not good and bad:
        why = Counter(code for row in rows if row.label_folder == name for code in row.findings).most_common(1)[0][0]
        yield f"all {bad} images of class {label!r} are unusable (mostly {why}): replace them, or delete the class"
        return
    if not good and not removed:
        yield f"class {label!r} has no images: add some, or delete its folder"
        return
    num = counts.get((name, TRAIN), 0)
    if num < settings.min_images_per_class:
        lost = f" after {removed} copies and leaks were removed" if removed else ""
        fix = f"add some or pass --min-images {num}" if num else "add some"
        yield (
            f"class {label!r} has {num} images in train/{lost}; "
            f"at least {settings.min_images_per_class} are needed: {fix}"
        )
    for split in (VALIDATION, TEST):
        if counts.get((name, split), 0):
            continue
        fix = "move some there" if split in given else "add images, or change --split or --split-seed"
        yield f"class {label!r} has no usable image in {split}: {fix}"


def _warnings(
    classes: Sequence[str], counts: Mapping[tuple[str, str], int], settings: DatasetSettings
) -> Iterator[str]:
    sizes = {name: counts.get((name, TRAIN), 0) for name in classes}
    smallest, largest = (pick(sizes, key=lambda name: (sizes[name], name), default="") for pick in (min, max))
    if smallest and sizes[smallest] and sizes[largest] > settings.imbalance_ratio * sizes[smallest]:
        ratio = sizes[largest] / sizes[smallest]
        yield (
            f"imbalance: {label_of(largest)} has {sizes[largest]} training images, {label_of(smallest)} "
            f"{sizes[smallest]} ({ratio:.0f} times fewer); expect low recall there"
        )
    folded = Counter(label_of(name).lower() for name in classes)
    for name in sorted(name for name, num in folded.items() if num > 1):
        yield f"several classes have the name {name!r} and differ only in upper and lower case"


def _found(rows: Sequence[Row]) -> Iterator[str]:
    """`quarantined: 4 truncated, 2 not-an-image`: one line per action."""
    counts = Counter(code for row in rows for code in row.findings)
    for action in ("quarantined", "removed", "kept"):
        codes = [(code, num) for code, num in counts.most_common() if findings.BY_CODE[code].action == action]
        if codes:
            yield f"{action}: {', '.join(f'{num} {code}' for code, num in codes)}"


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
