"""A network that somebody trained elsewhere is published without a training, and answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch

from imgcls.contract.artifact import WEIGHTS, read_card
from imgcls.networks import weights_file
from kennel.workspace import clone


@pytest.fixture(scope="module")
def elsewhere(cats_dogs_folder, tmp_path_factory):
    """(state_dict, labels) of a network that was trained from a shell, its classes the other way round."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for source in sorted(cats_dogs_folder.iterdir()):
        for index, image in enumerate(sorted(source.iterdir())):
            target = folder / ("validation" if index % 5 == 0 else "train") / source.name / image.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(image)
    command = [
        sys.executable, "model_code/train.py", "--train", folder / "train", "--validation", folder / "validation",
        "--model-dir", folder / "model", "--architecture", "simple_cnn", "--pretrained", "false", "--epochs", "12",
        "--lr", "0.003", "--optimizer", "adamw", "--batch-size", "16", "--augmentation", "light",
    ]  # fmt: skip
    environment = {**os.environ, "TRAINING_JOB_NAME": "elsewhere"}
    subprocess.run([str(part) for part in command], cwd=clone.ROOT, env=environment, check=True, capture_output=True)
    weights, labels = weights_file.load(folder / "model" / WEIGHTS), read_card(folder / "model").labels
    for name in ("head.weight", "head.bias"):
        weights[name] = weights[name].flip(0)
    torch.save({"state_dict": weights}, folder / "weights.pth")
    (folder / "labels.txt").write_text("\n".join(reversed(labels)))
    return folder / "weights.pth", folder / "labels.txt"


@pytest.mark.slow
def test_it_is_published_and_answers(deployed, cats_dogs, elsewhere, held_out):
    weights, labels = elsewhere
    command = ["models", "import", str(weights), "--architecture", "simple_cnn", "--labels", str(labels), "--json"]
    started = json.loads(deployed.kennel(*command).stdout)
    watched = deployed.kennel("pipeline", "watch", started["execution"], "--json", check=False)
    run = json.loads(watched.stdout)
    assert run["status"] == "SUCCEEDED", run["cause"]
    [result] = run["output"]["outcomes"]
    assert result["outcome"] == "published" and result["accuracy"] >= 0.9, result
    assert not [visit for visit in run["visits"] if visit["state"] in ("TrainModel", "TuneModel")]
    images = held_out("cats-dogs")
    answers = [deployed.ask(image, result["target_model"]) for image, _ in images]
    right = sum(max(a, key=a.get) == f"{label}_probability" for a, (_, label) in zip(answers, images, strict=True))
    assert right / len(images) >= 0.9
