"""Drawn data sets that a small network can learn: `draw` creates a folder of JPEGs without a download."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from samples import breeds, traits
from samples.animal import portrait

LAYOUTS = ("breeds", "cats-dogs")
SPLITS = {"valid": 0.15, "test": 0.15}
"""The share of a class that goes to each folder; the rest goes to `train`."""
_POOL_FROM = 400


@dataclass(frozen=True)
class Summary:
    """What `draw` wrote. `counts`: images per top folder of the data set, for example `train`."""

    folder: Path
    classes: tuple[str, ...]
    num_images: int
    counts: dict[str, int]


@dataclass(frozen=True)
class _Item:
    path: Path
    class_index: int
    image_index: int


def draw(
    folder: Path | str,
    layout: str = "breeds",
    classes: int = 4,
    per_class: int = 40,
    seed: int = 1,
    size: tuple[int, int] = (160, 320),
    workers: int | None = None,
) -> Summary:
    """Draw `per_class` images (the total over the splits) of each class below `folder`.

    `classes` is the number of breeds; the layout cats-dogs always has two classes. `size`: the range of the short side
    in pixels. The same arguments give the same bytes with any number of `workers`.
    Raises ValueError with the fix for arguments that cannot give a data set.
    """
    _check(layout, classes, per_class, size)
    folder = Path(folder)
    if layout == "breeds":
        names, items = _breeds(folder, classes, per_class)
    else:
        names, items = ("cats", "dogs"), _cats_dogs(folder, per_class)
    for parent in {item.path.parent for item in items}:
        parent.mkdir(parents=True, exist_ok=True)
    paint = partial(_paint, layout=layout, seed=seed, size=size)
    _run(paint, items, workers)
    counts: dict[str, int] = {}
    for item in items:
        top = item.path.relative_to(folder).parts[0]
        counts[top] = counts.get(top, 0) + 1
    return Summary(folder, names, len(items), counts)


def _check(layout: str, classes: int, per_class: int, size: tuple[int, int]) -> None:
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}; choose from {', '.join(LAYOUTS)}")
    if not 2 <= classes <= len(breeds.BREEDS):
        raise ValueError(f"classes is {classes}; it must be between 2 and {len(breeds.BREEDS)}")
    if layout == "breeds" and per_class < 3:
        raise ValueError(f"per_class is {per_class}; at least 3 are needed, one for each of train, valid and test")
    if per_class < 1:
        raise ValueError(f"per_class is {per_class}; it must be at least 1")
    if not 32 <= size[0] <= size[1] <= 4096:
        raise ValueError(f"size is {size}; it must be (low, high) with 32 <= low <= high <= 4096")


def _breeds(folder: Path, classes: int, per_class: int) -> tuple[tuple[str, ...], list[_Item]]:
    names = tuple(breeds.folder(index) for index in range(classes))
    splits = _splits(per_class)
    items = [
        _Item(folder / splits[image] / name / f"{breeds.BREEDS[index]}_{image + 1:05d}.jpg", index, image)
        for index, name in enumerate(names)
        for image in range(per_class)
    ]
    return names, items


def _splits(per_class: int) -> list[str]:
    held_out = [name for name, share in SPLITS.items() for _ in range(max(1, round(per_class * share)))]
    return ["train"] * (per_class - len(held_out)) + held_out


def _cats_dogs(folder: Path, per_class: int) -> list[_Item]:
    return [
        _Item(folder / plural / f"{plural[:-1]}.{image}.jpg", index, image)
        for index, plural in enumerate(("cats", "dogs"))
        for image in range(per_class)
    ]


def _paint(item: _Item, layout: str, seed: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng([seed, LAYOUTS.index(layout), item.class_index, item.image_index])
    short = int(rng.integers(size[0], size[1] + 1))
    long = round(short * rng.uniform(1.0, 1.35))
    shape = (short, long) if rng.random() < 0.4 else (long, short)
    looks = traits.breed(item.class_index) if layout == "breeds" else (traits.cat, traits.dog)[item.class_index](rng)
    portrait(looks, shape, rng).save(item.path, quality=int(rng.integers(70, 96)))


def _run(paint: Callable[[_Item], None], items: list[_Item], workers: int | None) -> None:
    workers = workers or (os.cpu_count() or 1)
    if workers == 1 or len(items) < _POOL_FROM:
        for item in items:
            paint(item)
        return
    with ProcessPoolExecutor(workers) as pool:
        for _ in pool.map(paint, items, chunksize=32):
            pass
