"""Figures of merit for probabilities: accuracy, loss, calibration, per class; and the calibrating temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imgcls.contract.evaluation import ClassScore, Score

_BINS = 15
_FLOOR = 1e-12


def score(
    probabilities: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[str],
    *,
    latency_ms: float,
    artifact_bytes: int,
    precision: str,
    agreement_with_fp32: float,
    version: str,
) -> Score:
    """`probabilities` is (num, classes), `targets` the class index of each image."""
    predicted = probabilities.argmax(1)
    confusion = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(confusion, (targets, predicted), 1)
    right, actual, called = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    per_class = {
        label: ClassScore(int(actual[i]), float(right[i] / max(1, called[i])), float(right[i] / max(1, actual[i])))
        for i, label in enumerate(labels)
    }
    return Score(
        num_images=len(targets),
        accuracy=accuracy(probabilities, targets),
        loss=loss(probabilities, targets),
        ece=expected_calibration_error(probabilities, targets),
        per_class=per_class,
        confusion_matrix=tuple(tuple(int(n) for n in row) for row in confusion),
        latency_ms=latency_ms,
        artifact_bytes=artifact_bytes,
        precision=precision,
        agreement_with_fp32=agreement_with_fp32,
        version=version,
    )


def accuracy(probabilities: np.ndarray, targets: np.ndarray) -> float:
    return float((probabilities.argmax(1) == targets).mean())


def loss(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy in nats."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(targets)), targets], _FLOOR)).mean())


def agreement(probabilities: np.ndarray, others: np.ndarray) -> float:
    """Share of images to which both give the same top-1 class."""
    return float((probabilities.argmax(1) == others.argmax(1)).mean())


def expected_calibration_error(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean distance between confidence and accuracy over 15 equal bins of confidence (Guo et al. 2017)."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == targets
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs(right[bins == b].sum() - confidence[bins == b].sum()) for b in range(_BINS)]
    return float(sum(gaps) / len(targets))


def fit_temperature(probabilities: np.ndarray, targets: np.ndarray, low: float = 0.25, high: float = 8.0) -> float:
    """The temperature that minimises the loss, found by golden-section search: the loss is convex in 1 / T.

    `probabilities` are those at temperature 1, of images that are neither in the training nor in the test split. The
    targets are softened as in Platt (1999), as if there were one more error among the N images: a small split without
    any error would otherwise give a temperature near zero, and every answer would be certain.
    """
    logits = np.log(np.maximum(probabilities, _FLOOR))
    doubt = 1 / (len(targets) + 2)
    wanted = np.full(logits.shape, doubt / (logits.shape[1] - 1))
    wanted[np.arange(len(targets)), targets] = 1 - doubt

    def loss_at(inverse: float) -> float:
        scaled = logits * inverse
        scaled = scaled - scaled.max(1, keepdims=True)
        return float((np.log(np.exp(scaled).sum(1)) - (wanted * scaled).sum(1)).mean())

    left, right = 1 / high, 1 / low
    ratio = (5**0.5 - 1) / 2
    for _ in range(60):
        a, b = right - ratio * (right - left), left + ratio * (right - left)
        if loss_at(a) < loss_at(b):
            right = b
        else:
            left = a
    return round(2 / (left + right), 4)


def spread(targets: Sequence[int], num: int) -> list[int]:
    """`num` indices that take turns between the classes: the first image of each, then the second of each, ..."""
    seen: dict[int, int] = {}
    ranked = []
    for index, target in enumerate(targets):
        seen[target] = seen.get(target, 0) + 1
        ranked.append((seen[target], target, index))
    return [index for _, _, index in sorted(ranked)[:num]]
