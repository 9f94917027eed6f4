"""The drawn data sets: layout, determinism, and classes that cannot be told apart by colour."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

import samples
from samples import breeds, traits


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.jpg")
    }


def test_breeds_layout(tmp_path: Path) -> None:
    summary = samples.draw(tmp_path, classes=3, per_class=10, seed=1)
    assert summary.classes == ("001.Affenpinscher", "002.Afghan_hound", "003.Airedale_terrier")
    assert summary.counts == {"train": 18, "valid": 6, "test": 6}
    assert summary.num_images == len(list(tmp_path.rglob("*.jpg"))) == 30
    for split in ("train", "valid", "test"):
        assert sorted(path.name for path in (tmp_path / split).iterdir()) == list(summary.classes)


def test_cats_dogs_layout(tmp_path: Path) -> None:
    summary = samples.draw(tmp_path, layout="cats-dogs", classes=2, per_class=5, seed=1)
    assert summary.counts == {"cats": 5, "dogs": 5}
    assert (tmp_path / "cats" / "cat.0.jpg").is_file()


def test_images_vary_in_size_and_are_readable(tmp_path: Path) -> None:
    samples.draw(tmp_path, classes=2, per_class=12, seed=1, size=(96, 140))
    sizes = set()
    for path in tmp_path.rglob("*.jpg"):
        with Image.open(path) as image:
            image.load()
            assert image.mode == "RGB"
            assert 96 <= min(image.size) <= 140
            sizes.add(image.size)
    assert len(sizes) > 12


def test_same_arguments_same_bytes_with_any_number_of_workers(tmp_path: Path) -> None:
    samples.draw(tmp_path / "a", classes=4, per_class=100, seed=3, size=(48, 64), workers=1)
    samples.draw(tmp_path / "b", classes=4, per_class=100, seed=3, size=(48, 64), workers=2)
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b")


def test_another_seed_draws_other_images(tmp_path: Path) -> None:
    samples.draw(tmp_path / "a", classes=2, per_class=4, seed=1, size=(48, 64))
    samples.draw(tmp_path / "b", classes=2, per_class=4, seed=2, size=(48, 64))
    assert not set(_digest(tmp_path / "a").values()) & set(_digest(tmp_path / "b").values())


def test_every_breed_looks_different() -> None:
    assert len(breeds.BREEDS) == len(set(breeds.BREEDS)) == 133
    assert len({traits.breed(index) for index in range(133)}) == 133
    assert breeds.folder(132) == "133.Yorkshire_terrier"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"layout": "birds"}, "choose from breeds, cats-dogs"),
        ({"classes": 134}, "between 2 and 133"),
        ({"per_class": 2}, "at least 3 are needed"),
        ({"size": (400, 300)}, "low <= high"),
    ],
)
def test_wrong_arguments_are_rejected(tmp_path: Path, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        samples.draw(tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


def _colour_histogram(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        pixels = np.asarray(image.resize((48, 48))).reshape(-1, 3) // 64
    return np.bincount(pixels @ np.array([16, 4, 1]), minlength=64) / len(pixels)


@pytest.mark.parametrize(("layout", "classes"), [("breeds", 4), ("cats-dogs", 2)])
def test_colour_does_not_reveal_the_class(tmp_path: Path, layout: str, classes: int) -> None:
    samples.draw(tmp_path, layout=layout, classes=classes, per_class=150, seed=1, size=(64, 96))
    paths = sorted(tmp_path.rglob("*.jpg"), key=lambda path: hashlib.sha256(path.read_bytes()).digest())
    histograms = np.stack([_colour_histogram(path) for path in paths])
    labels = np.array([path.parent.name for path in paths])
    half = len(paths) // 2
    model = LogisticRegression(C=10, max_iter=500).fit(histograms[:half], labels[:half])
    assert model.score(histograms[half:], labels[half:]) < 1.5 / classes
