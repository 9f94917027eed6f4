"""Imported weights become an artifact that evaluate.py accepts like a training job's, with the same predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import import_model
from imgcls.artifacts import archives, imported_weights
from imgcls.contract import evaluation as contract
from imgcls.contract.artifact import ARCHIVE, WEIGHTS, Preprocessing
from imgcls.data.folders import open_dataset
from imgcls.networks import architectures, weights_file
from imgcls.networks.architectures import NetworkError
from tests.imgcls.features.test_features import logits_of
from tests.model_code.test_evaluate import run
from tests.model_code.test_train import train

CLASSES = ["Lying", "Standing", "Slanting"]
SPEC = {"resize": 36, "crop": 32}


@pytest.fixture(scope="module")
def elsewhere(splits: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """A network that learned the stripes, its classes in another order than the data set's: (file, labels)."""
    folder = tmp_path_factory.mktemp("elsewhere")
    result = train(splits, folder, epochs="5", environment={"TRAINING_JOB_NAME": "job"})
    assert result.returncode == 0, result.stderr
    weights = weights_file.load(folder / "model" / WEIGHTS)
    order = [2, 0, 1]
    weights["head.weight"], weights["head.bias"] = weights["head.weight"][order], weights["head.bias"][order]
    torch.save({"epoch": 5, "state_dict": {f"module.{k}": v for k, v in weights.items()}}, folder / "weights.pth")
    return folder / "weights.pth", [CLASSES[index] for index in order]


def arguments(
    folder: Path, weights: Path | str, labels: list[str], classes: list[str] = CLASSES, architecture: str = "simple_cnn"
) -> list[str]:
    for name, value in (("labels", labels), ("classes", classes)):
        (folder / f"{name}.json").write_text(json.dumps(value))
    return [
        str(weights), "--name", "striped", "--architecture", architecture, "--labels", str(folder / "labels.json"),
        "--classes", str(folder / "classes.json"), "--preprocessing", json.dumps(SPEC),
        "--output", str(folder / ARCHIVE),
    ]  # fmt: skip


@pytest.mark.slow
def test_it_is_evaluated_like_a_training_of_ours(splits: Path, elsewhere: tuple[Any, ...], tmp_path: Path) -> None:
    weights, labels = elsewhere
    imported = tmp_path / "artifact"
    imported.mkdir()
    assert import_model.main(arguments(imported, weights, labels)) == 0
    # The state machine passes the artifact in place of the records too, because an input must contain an object.
    code, output, message = run(splits, tmp_path, tmp_path / "run", artifact=imported, output_data=imported)
    assert code == 0, message
    scored = contract.read(output / contract.FILE)
    source = architectures.build("simple_cnn", 3)
    architectures.load_trained(source, "simple_cnn", architectures.read_weights(weights))
    test = open_dataset(splits / "test")
    answered = [labels[index] for index in logits_of(source.eval(), test).argmax(1)]
    accuracy = np.mean([answer == test.labels[target] for answer, target in zip(answered, test.targets, strict=True)])
    assert scored.accuracy == pytest.approx(accuracy) and accuracy > 0.6
    assert {path.name for path in (output / "reports").glob("*.html")} == {"evaluation-report.html"}
    archives.unpack(imported / ARCHIVE, tmp_path / "unpacked")
    card = archives.verify(tmp_path / "unpacked")
    assert card.labels == tuple(CLASSES) and card.training_job == imported_weights.JOB


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": ["Lying", "Standing"]}, "the labels lack 'Slanting' (1 of 3 are missing)"),
        ({"labels": [*CLASSES, "Waving"]}, "the data set lacks 'Waving' (1 of 4 are missing)"),
        ({"labels": ["Lying", "Lying", "Standing"]}, "the labels contain 'Lying' twice"),
        ({"labels": CLASSES[:2], "classes": CLASSES[:2]}, "the weights are for 3 classes and there are 2 labels"),
        ({"architecture": "resnet18"}, "the weights are not those of resnet18"),
        ({"weights": "nothing.pth"}, "nothing.pth does not exist or is not a file"),
    ],
)
def test_what_does_not_belong_together_is_one_sentence(
    elsewhere: tuple[Any, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    sentence: str,
) -> None:
    weights, labels = elsewhere
    values = {"weights": weights, "labels": labels, **changes}
    assert import_model.main(arguments(tmp_path, **values)) == 1
    assert sentence in (error := capsys.readouterr().err) and "Traceback" not in error
    assert not (tmp_path / ARCHIVE).exists()


def test_weights_that_are_not_finite_numbers_are_refused(elsewhere: tuple[Any, ...], tmp_path: Path) -> None:
    weights = architectures.read_weights(elsewhere[0])
    weights["head.bias"][0] = float("nan")
    torch.save(weights, tmp_path / "weights.pth")
    with pytest.raises(NetworkError, match=r"head\.bias contains a value that is not finite"):
        imported_weights.write(
            tmp_path / "model", tmp_path / "weights.pth", name="striped", architecture="simple_cnn",
            labels=CLASSES, classes=CLASSES, preprocessing=Preprocessing.from_dict(SPEC),
        )  # fmt: skip
