"""Scores of hand-made probabilities."""

import numpy as np
import pytest

from imgcls.evaluation import scores

PROBABILITIES = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
TARGETS = np.array([0, 1, 1, 2])


def test_score_of_four_images() -> None:
    score = scores.score(
        PROBABILITIES, TARGETS, ("a", "b", "c"), latency_ms=1.0, artifact_bytes=10, precision="fp32",
        agreement_with_fp32=1.0, version="v",
    )  # fmt: skip
    assert score.accuracy == 0.75 and score.num_images == 4
    assert score.confusion_matrix == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert (score.per_class["a"].precision, score.per_class["a"].recall) == (0.5, 1.0)
    assert (score.per_class["b"].precision, score.per_class["b"].recall, score.per_class["b"].num) == (1.0, 0.5, 2)
    assert score.loss == pytest.approx(-np.log([0.9, 0.4, 0.7, 0.7]).mean())


def test_a_class_that_is_never_predicted_has_precision_zero() -> None:
    score = scores.score(
        PROBABILITIES[:2], TARGETS[:2], ("a", "b", "c"), latency_ms=1.0, artifact_bytes=1, precision="fp32",
        agreement_with_fp32=1.0, version="v",
    )  # fmt: skip
    assert score.per_class["c"].precision == 0 and score.per_class["c"].num == 0


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    sure = np.tile([0.8, 0.2], (10, 1))
    assert scores.expected_calibration_error(sure, np.array([0] * 8 + [1] * 2)) == pytest.approx(0, abs=1e-9)
    assert scores.expected_calibration_error(sure, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.3)


def test_temperature_undoes_overconfidence() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (4000, 3))
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    targets = np.array([random.choice(3, p=row) for row in true])
    overconfident = np.exp(3 * logits) / np.exp(3 * logits).sum(1, keepdims=True)
    assert scores.fit_temperature(overconfident, targets) == pytest.approx(3, rel=0.1)
    assert scores.fit_temperature(true, targets) == pytest.approx(1, rel=0.1)


def test_a_small_split_without_errors_does_not_sharpen_the_probabilities() -> None:
    sure = np.tile([0.98, 0.01, 0.01], (32, 1))
    assert 0.9 < scores.fit_temperature(sure, np.zeros(32, dtype=int)) <= 8


def test_agreement() -> None:
    assert scores.agreement(PROBABILITIES, PROBABILITIES[:, [1, 0, 2]]) == 0.25


def test_spread_takes_turns_between_the_classes() -> None:
    assert scores.spread([0, 0, 0, 1, 1, 2], 4) == [0, 3, 5, 1]
    assert scores.spread([0, 1], 8) == [0, 1]
