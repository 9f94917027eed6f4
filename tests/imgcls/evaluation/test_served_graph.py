"""Scores through the serving functions, here fake ones that answer with the label in the image."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgcls.artifacts import archives
from imgcls.contract.artifact import ARCHIVE, ModelCard, Preprocessing, read_card
from imgcls.data.folders import DataError, ImageFolder, open_dataset
from imgcls.evaluation.champion import Champion, score_champion
from imgcls.evaluation.served_graph import Scorer
from imgcls.serving.errors import RequestError
from imgcls.serving.model import Images, Model, Prediction

CARD = ModelCard("animals", "simple_cnn", ("dog", "cat"), Preprocessing())
"""Its classes are in another order than the split's, which sorts its folders."""


class Parrot:
    """The answer is the label in the image's bytes; in a reduced precision it is always `dog`."""

    def model_fn(self, model_dir: str | os.PathLike[str], context: Any = None) -> Model:
        return Model(read_card(Path(model_dir)), lambda pixels: pixels, max_pixels=1)

    def input_fn(self, body: bytes, content_type: str, context: Any = None) -> Images:
        assert content_type == "application/x-image"
        return Images((body,))

    def predict_fn(self, data: Images, model: Model, context: Any = None) -> Prediction:
        label, card = data.encoded[0].decode(), model.card
        if label not in card.labels:
            raise RequestError(400, "not_an_image", f"{label!r} is not an image")
        row = np.full(2, 0.1)
        row[card.labels.index(label) if card.precision == "fp32" else 0] = 0.9
        return Prediction(card, row[None], np.zeros(1), False, 0.002, 0.003)

    def output_fn(self, prediction: Prediction, accept: str | None, context: Any = None) -> tuple[bytes, str]:
        raise AssertionError("the evaluation does not render answers")


@pytest.fixture
def split(tmp_path: Path) -> ImageFolder:
    """Two cats, one of which looks like a dog, and two dogs."""
    for name, label in {"cat/1": "cat", "cat/2": "dog", "dog/1": "dog", "dog/2": "dog"}.items():
        path = tmp_path / "test" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(label)
    return open_dataset(tmp_path / "test")


@pytest.fixture
def artifact(tmp_path: Path) -> Callable[..., Any]:
    """(folder, archive) of a card."""

    def make(card: ModelCard) -> tuple[Path, ...]:
        folder = tmp_path / "artifact"
        folder.mkdir()
        card = archives.write_artifact(folder, card)
        archives.pack(folder, tmp_path / ARCHIVE)
        return folder, tmp_path / ARCHIVE

    return make


def test_the_score_is_in_the_splits_order_of_classes(split: ImageFolder, artifact: Callable[..., Any]) -> None:
    folder, archive = artifact(CARD)
    probabilities, score = Scorer(Parrot()).score(folder, archive, split)
    assert probabilities[0].tolist() == [0.1, 0.9], "the probabilities stay in the artifact's order"
    assert score.confusion_matrix == ((1, 1), (0, 2)) and score.accuracy == 0.75
    assert score.latency_ms == 5.0
    assert (score.artifact_bytes, score.version) == (archive.stat().st_size, read_card(folder).version)
    assert (score.precision, score.agreement_with_fp32) == ("fp32", 1.0)


def test_a_reduced_precision_is_compared_with_the_full_one(split: ImageFolder, artifact: Callable[..., Any]) -> None:
    folder, archive = artifact(replace(CARD, precision="bf16"))
    score = Scorer(Parrot()).score(folder, archive, split)[1]
    assert (score.accuracy, score.agreement_with_fp32) == (0.5, 0.75)
    assert read_card(folder).precision == "bf16", "the artifact itself stays as it is"


def test_an_image_that_serving_refuses_is_named_with_the_fix(split: ImageFolder, artifact: Callable[..., Any]) -> None:
    split.paths[3].write_text("noise")
    with pytest.raises(DataError, match=r"^test/dog/2.jpg: 'noise' is not an image: remove it, or run prepare.py$"):
        Scorer(Parrot()).probabilities(artifact(CARD)[0], split)


def test_the_published_model_is_scored_unless_its_classes_differ(
    split: ImageFolder, artifact: Callable[..., Any], tmp_path: Path
) -> None:
    artifact(replace(CARD, labels=("cat", "dog")))
    same = score_champion(Scorer(Parrot()), tmp_path, tmp_path / "same", CARD, split, replace_labels=False)
    assert same.score is not None and same.score.accuracy == 0.75 and (same.labels, same.notes) == ("same", ())
    others = replace(CARD, labels=("cat", "dog", "cow"))
    for asked, labels in ((False, "other"), (True, "replaced")):
        other = score_champion(Scorer(Parrot()), tmp_path, tmp_path / labels, others, split, replace_labels=asked)
        assert other.score is None and other.labels == labels
        assert "has other labels: it was not scored" in other.notes[0]


def test_without_a_published_model_there_is_no_score_and_no_note(split: ImageFolder, tmp_path: Path) -> None:
    nothing = score_champion(Scorer(Parrot()), tmp_path / "none", tmp_path / "x", CARD, split, replace_labels=False)
    assert nothing == Champion(None, "none")
