"""Folders of small images, each with its own pixels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from kennel.new_project import inspection, proposal, recipes, splits, write
from kennel.new_project.inspection import Inspection
from kennel.new_project.names import Names
from kennel.new_project.splits import SplitPlan
from kennel.new_project.write import NewProject

NAMES = Names("flowers", "flowers", "flower-classifier")


def image(path: Path, size: tuple[int, int] = (40, 30), mode: str = "RGB", seed: int = 0) -> Path:
    """An image of noise; the format is the file's extension."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, *str(path).encode(errors="surrogateescape")])
    image = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).convert(mode)
    image.save(path)
    return path


def folder(root: Path, classes: Mapping[str, int], size: tuple[int, int] = (40, 30)) -> Path:
    """Class folders with so many images each; a name may have a split before it: `train/cat`."""
    for name, num in classes.items():
        for index in range(num):
            image(root / name / f"{index}.png", size)
    return root


def looked_at(root: Path) -> tuple[Inspection, SplitPlan]:
    found = inspection.look(root)
    return found, splits.propose(found)


def project(root: Path, names: Names = NAMES, network: str | None = None) -> NewProject:
    """What init would write for a folder: it has been loaded for every environment."""
    found, split = looked_at(root)
    choice = recipes.given(network) if network else recipes.propose(found)
    return write.compose(proposal.tree(found, split, names, choice))
