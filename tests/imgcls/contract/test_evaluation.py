"""`evaluation.json` and the golden images: written, read, and refused in another format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imgcls.contract import evaluation
from imgcls.contract.evaluation import ClassScore, Evaluation, Golden, Score

SCORE: dict[str, Any] = {
    "num_images": 10,
    "accuracy": 0.9,
    "loss": 0.3,
    "ece": 0.02,
    "per_class": {
        "cat": {"num": 4, "precision": 0.75, "recall": 1.0},
        "dog": {"num": 6, "precision": 1.0, "recall": 0.8},
    },
    "confusion_matrix": [[4, 0], [1, 5]],
    "latency_ms": 12.5,
    "artifact_bytes": 1000,
    "precision": "int8",
    "agreement_with_fp32": 0.995,
    "version": "v1",
}
DOCUMENT: dict[str, Any] = {
    **SCORE,
    "manifest_id": "1a2b",
    "champion": {**SCORE, "accuracy": 0.8, "version": "v0"},
    "format": 1,
    "notes": ["a note"],
    "published_labels": "other",
}


def test_a_document_is_read_in_full() -> None:
    found = Evaluation.from_dict(DOCUMENT)
    assert (found.manifest_id, found.notes, found.published_labels) == ("1a2b", ("a note",), "other")
    assert found.per_class == {"cat": ClassScore(4, 0.75, 1.0), "dog": ClassScore(6, 1.0, 0.8)}
    assert found.confusion_matrix == ((4, 0), (1, 5))
    assert isinstance(found.champion, Score) and not isinstance(found.champion, Evaluation)
    assert (found.champion.accuracy, found.champion.version) == (0.8, "v0")
    assert found.to_dict() == DOCUMENT


@pytest.mark.parametrize(("champion", "labels"), [(DOCUMENT["champion"], "same"), (None, "none")])
def test_what_older_documents_left_out_is_filled_in(champion: dict[str, Any] | None, labels: str) -> None:
    value = {**SCORE, "manifest_id": "1a2b", "format": 1, "champion": champion}
    found = Evaluation.from_dict(value)
    assert (found.notes, found.published_labels, found.format) == ((), labels, 1)
    del value["champion"]
    assert Evaluation.from_dict(value).champion is None


@pytest.mark.parametrize("format", [None, 2, "1"])
def test_another_format_is_refused(format: object) -> None:
    with pytest.raises(ValueError, match=f"evaluation.json has format {format!r}; this version reads format 1"):
        Evaluation.from_dict({**DOCUMENT, "format": format})


def test_a_document_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / evaluation.FILE
    evaluation.write(path, Evaluation.from_dict(DOCUMENT))
    assert path.name == "evaluation.json" and json.loads(path.read_text()) == DOCUMENT
    assert path.read_text().endswith("\n") and evaluation.read(path) == Evaluation.from_dict(DOCUMENT)


def test_golden_images_are_written_and_read(tmp_path: Path) -> None:
    images = [Golden("a.jpg", "cat", "dog", (0.75, 0.25)), Golden("b.jpg", "dog", "dog", (0.125, 0.875))]
    evaluation.write_golden(tmp_path, images)
    text = (tmp_path / "expected.json").read_text()
    assert json.loads(text)[0] == {"file": "a.jpg", "label": "cat", "expected": "dog", "probabilities": [0.75, 0.25]}
    assert text.endswith("\n") and evaluation.parse_golden(text) == images


def test_what_the_endpoint_is_held_to() -> None:
    assert (evaluation.GOLDEN_IMAGES, evaluation.GOLDEN_TOLERANCE) == (8, 0.02)
