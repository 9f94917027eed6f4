"""The golden images: a few images of the test split, and what the endpoint must answer for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from imgcls.contract import evaluation as contract
from imgcls.contract import image_formats
from imgcls.contract.artifact import ModelCard
from imgcls.data.folders import ImageFolder
from imgcls.evaluation import scores


def possible(test: ImageFolder) -> list[int]:
    """The images that a request can carry, by their index."""
    return [index for index in range(len(test)) if test.paths[index].stat().st_size <= contract.GOLDEN_MAX_BYTES]


def write_golden(folder: Path, test: ImageFolder, probabilities: np.ndarray, card: ModelCard) -> None:
    """Copy some images of each class and write what the endpoint must answer for them.

    `probabilities` (num, classes) are the candidate's answers to the whole split, in the order of the card's labels.
    """
    folder.mkdir(exist_ok=True)
    small = possible(test)
    chosen = scores.spread([test.targets[index] for index in small], contract.GOLDEN_IMAGES)
    images = []
    for number, index in enumerate(small[position] for position in chosen):
        suffix = test.paths[index].suffix.lower()
        name = f"{number}{suffix if suffix in image_formats.SUFFIXES else ''}"
        shutil.copy(test.paths[index], folder / name)
        row = tuple(round(float(value), 6) for value in probabilities[index])
        label = card.labels[int(probabilities[index].argmax())]
        images.append(contract.Golden(name, label, test.labels[test.targets[index]], row))
    contract.write_golden(folder, images)
