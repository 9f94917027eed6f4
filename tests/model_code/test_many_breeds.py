"""133 breeds: a ResNet18 from scratch compared with colour histograms alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

import samples
import train as script

CLASSES, PER_CLASS = 133, 60


def histograms(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """64 RGB bins per image, and the class folders' names."""
    paths = sorted(folder.glob("*/*.jpg"))
    rows = []
    for path in paths:
        with Image.open(path) as image:
            pixels = np.asarray(image.resize((48, 48))).reshape(-1, 3) // 64
        rows.append(np.bincount(pixels @ np.array([16, 4, 1]), minlength=64) / len(pixels))
    return np.stack(rows), np.array([path.parent.name for path in paths])


@pytest.mark.slow
def test_resnet18_sees_what_a_colour_histogram_does_not(tmp_path, capsys):
    data = tmp_path / "data"
    samples.draw(data, classes=CLASSES, per_class=PER_CLASS, seed=1, size=(72, 100))
    colours = LogisticRegression(C=10, max_iter=300).fit(*histograms(data / "train")).score(*histograms(data / "valid"))
    options = {
        "architecture": "resnet18", "pretrained": "false", "augmentation": "light", "epochs": "12", "lr": "0.03",
        "batch-size": "64", "warmup-epochs": "1", "preprocessing": '{"resize": 72, "crop": 64}',
        "profile": '{"enabled": false}', "train": data / "train", "validation": data / "valid",
        "model-dir": tmp_path / "model",
    }  # fmt: skip
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    assert script.main(arguments, environment={"TRAINING_JOB_NAME": "job"}) == 0
    accuracy = json.loads((tmp_path / "model/model.json").read_text())["validation"]["accuracy"]
    with capsys.disabled():
        print(f"\n133 breeds: ResNet18 {accuracy:.3f}, colour histogram {colours:.3f}, chance {1 / CLASSES:.3f}")
    assert accuracy > 0.5 and colours < 0.05
