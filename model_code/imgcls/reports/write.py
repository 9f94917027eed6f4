"""Writes a model's reports into a folder: those of its training, and that of its evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from imgcls.contract.artifact import ModelCard
from imgcls.contract.evaluation import Evaluation
from imgcls.reports import evaluation as evaluation_report
from imgcls.reports import pictures, profiler, training
from imgcls.reports.evaluation import Bin, Mistake
from imgcls.reports.thumbnails import LARGE, thumbnail

_MAX_MISTAKES = 24
_MAX_EXPLAINED = 6
_BINS = 10

Explain = Callable[[Sequence[int], Sequence[int]], Sequence[bytes]]
"""(indices of images, a class index for each) -> JPEGs that show which pixels support the class."""


class Split(Protocol):
    """The part of the test split that is needed here."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def targets(self) -> tuple[int, ...]: ...
    def read(self, index: int) -> bytes: ...
    def name(self, index: int) -> str: ...


def write_training_reports(folder: Path, output_data: Path, card: ModelCard | None = None) -> list[Path]:
    """Both pages and the PNGs of the main plots, from train.py's records in `output_data`, even of a failed job."""
    written = [
        _write(folder, training.FILE, training.render_training_report(output_data, card).encode()),
        _write(folder, profiler.FILE, profiler.render_profiler_report(output_data).encode()),
    ]
    return written + [_write(folder, name, data) for name, data in training.training_pictures(output_data).items()]


def write_evaluation_report(
    folder: Path,
    evaluation: Evaluation,
    probabilities: np.ndarray,
    split: Split,
    model: str,
    explain: Explain | None = None,
) -> Path:
    """evaluation-report.html, and beside it confusion-matrix.png. Returns the page's path.

    `probabilities` is (num, classes) in the split's order of images and labels.
    """
    targets = np.asarray(split.targets)
    mistakes = worst_mistakes(probabilities, targets, split, explain)
    bins = reliability(probabilities, targets)
    text = evaluation_report.render_evaluation_report(evaluation, mistakes, bins, model)
    matrix = pictures.matrix(evaluation.confusion_matrix, split.labels, title=f"Confusion matrix: {model}")
    _write(folder, "confusion-matrix.png", matrix)
    return _write(folder, evaluation_report.FILE, text.encode())


def worst_mistakes(
    probabilities: np.ndarray, targets: np.ndarray, split: Split, explain: Explain | None = None
) -> list[Mistake]:
    """The most confident wrong predictions, the first few with a saliency map by `explain`."""
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)
    wrong = [int(i) for i in np.argsort(-confidence, kind="stable") if predicted[i] != targets[i]][:_MAX_MISTAKES]
    few = wrong[:_MAX_EXPLAINED]
    overlays = dict(zip(few, explain(few, [int(predicted[i]) for i in few]), strict=True)) if explain and few else {}
    return [
        Mistake(
            image=thumbnail(split.read(i), LARGE),
            name=split.name(i),
            truth=split.labels[targets[i]],
            predicted=split.labels[predicted[i]],
            probability=float(confidence[i]),
            overlay=overlays.get(i, b""),
        )
        for i in wrong
    ]


def reliability(probabilities: np.ndarray, targets: np.ndarray) -> list[Bin]:
    """Ten equal bins of the top probability."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == targets
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        Bin(float(confidence[bins == b].mean()), float(right[bins == b].mean()), int((bins == b).sum()))
        for b in np.unique(bins)
    ]


def _write(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name
