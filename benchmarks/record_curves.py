"""Record learning_curves.json: `python -m benchmarks.record_curves`, some minutes on two cores.

A ResNet18 learns some drawn breeds; then many last layers learn others on its features, with the search's own points.
Each is looked at after every epoch as the search looks at a rung.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch

from benchmarks.learning_curves import CURVES, EPOCHS, TABLE
from imgcls.contract.artifact import WEIGHTS, Preprocessing
from imgcls.contract.head_search import DEFAULT_SPACE
from imgcls.contract.hyperparameter import Value
from imgcls.contract.optimization import Optimization
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import open_dataset
from imgcls.features.backbone import split
from imgcls.features.extract import Extractor, Pass
from imgcls.features.heads import Heads
from imgcls.features.loader import Features
from imgcls.features.points import points
from imgcls.networks import architectures, weights_file
from samples import draw

CPU = torch.device("cpu")
SPEC = Preprocessing(resize=72, crop=64)
PRETRAINED, SEARCHED = 16, 24
"""Breeds that the backbone learns, and others that the last layers learn."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for split_name, seed in (("train", 1), ("validation", 2)):
            draw(root / split_name, classes=PRETRAINED + SEARCHED, per_class=60, seed=seed, size=(80, 120))
        classes = sorted(path.name for path in (root / "train/train").iterdir())
        for part, names in (("known", classes[:PRETRAINED]), ("new", classes[PRETRAINED:])):
            for split_name in ("train", "validation"):
                for name in names:
                    target = root / part / split_name / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.symlink_to(root / split_name / "train" / name)
        features, linear = features_of(pretrain(root / "known"), root / "new")
    curves = [curve(values, features, linear) for values in points(DEFAULT_SPACE, CURVES, seed=1)]
    TABLE.write_text(json.dumps({"epochs": EPOCHS, "accuracy": curves}, separators=(",", ":")) + "\n")


def pretrain(folder: Path) -> dict[str, torch.Tensor]:
    """The weights of a ResNet18 that learned the breeds in `folder`."""
    command = [
        sys.executable, "model_code/train.py", "--train", folder / "train", "--validation", folder / "validation",
        "--model-dir", folder / "model", "--pretrained", "false", "--epochs", "12", "--lr", "0.02",
        "--batch-size", "32", "--augmentation", "light", "--preprocessing", json.dumps(SPEC.to_dict()),
    ]  # fmt: skip
    subprocess.run([str(part) for part in command], check=True)
    return weights_file.load(folder / "model" / WEIGHTS)


def features_of(weights: dict[str, torch.Tensor], folder: Path) -> tuple[Features, torch.nn.Linear]:
    """The features of other breeds, in memory, and the last layer that all curves start from."""
    train, validation = open_dataset(folder / "train"), open_dataset(folder / "validation")
    torch.manual_seed(1)
    network = architectures.build("resnet18", len(train.labels))
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("fc.")}
    network.load_state_dict({**network.state_dict(), **kept})
    settings = Pass(SPEC, AUGMENTATIONS["none"], seed=1, batch_size=64, num_workers=-1, device=CPU)
    extractor = Extractor(split(network)[0], 512, settings, folder / "features")
    arrays = [extractor.features(part, name, 1)[0].copy() for name, part in (("train", train), ("valid", validation))]
    return Features((arrays[0],), train.targets, arrays[1], validation.targets, seed=1), architectures.head(network)[1]


def curve(values: Mapping[str, Value], features: Features, linear: torch.nn.Linear) -> list[float]:
    """Validation accuracy after each epoch."""
    settings = Optimization(epochs=EPOCHS).changed(values)
    heads = Heads(linear, {1: settings}, features.train_loader(settings.batch_size), dropout=0.0, device=CPU)
    validation, targets = torch.from_numpy(features.validation), torch.tensor(features.validation_targets)
    found = []
    for epoch in range(1, EPOCHS + 1):
        heads.train_to(epoch)
        _, accuracy = heads.evaluate(validation, targets, averaged=epoch < EPOCHS)[1]
        found.append(round(accuracy, 4))
    return found


if __name__ == "__main__":
    main()
