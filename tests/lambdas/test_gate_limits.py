"""The quality gate, exactly at its limits and just beyond each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from imgcls.contract.evaluation import ClassScore, Evaluation, Score
from lambdas.quality_gate.environment import Environment
from lambdas.quality_gate.gate import Verdict, judge

THRESHOLDS = Environment(min_accuracy=0.5, max_regression=0.125, max_latency_ms=100, min_fp32_agreement=0.75)
SCORE: dict[str, Any] = {
    "num_images": 1,
    "accuracy": 0.5,
    "loss": 0.5,
    "ece": 0.02,
    "per_class": {"a": ClassScore(1, 1.0, 1.0)},
    "confusion_matrix": ((1,),),
    "latency_ms": 100.0,
    "artifact_bytes": 1000,
    "precision": "int8",
    "agreement_with_fp32": 0.75,
    "version": "v2",
}
LIMIT = Evaluation(**SCORE, manifest_id="m", champion=Score(**{**SCORE, "accuracy": 0.625}))


def test_a_candidate_at_every_limit_passes() -> None:
    assert judge(LIMIT, THRESHOLDS) == Verdict(
        True, (), "accuracy 0.5000 on 1 test images; the published model has 0.6250", 0.5, 0.625
    )


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({"accuracy": 0.4999}, "gate.min_accuracy 0.5"),
        ({"champion": Score(**{**SCORE, "accuracy": 0.6251})}, "gate.max_regression 0.125"),
        ({"latency_ms": 100.1}, "gate.max_latency_ms 100"),
        ({"agreement_with_fp32": 0.7499}, "gate.min_fp32_agreement 0.75"),
        ({"num_images": 0}, "test split"),
        ({"published_labels": "other"}, "--replace-labels"),
    ],
)
def test_a_candidate_beyond_one_limit_does_not(changes: dict[str, Any], limit: str) -> None:
    candidate = replace(LIMIT, **changes)
    if "accuracy" in changes:
        candidate = replace(candidate, champion=None)
    found = judge(candidate, THRESHOLDS)
    assert not found.passed and len(found.reasons) == 1
    assert limit in found.reasons[0] and found.reason == found.reasons[0]


def test_all_objections_are_one_line() -> None:
    found = judge(replace(LIMIT, latency_ms=101.0, num_images=0), THRESHOLDS)
    assert len(found.reasons) == 2 and found.reason == "; ".join(found.reasons)


@pytest.mark.parametrize(
    ("labels", "words"),
    [("none", "nothing was published before"), ("replaced", "it replaces"), ("same", "not compared")],
)
def test_what_was_published_before_is_told(labels: str, words: str) -> None:
    found = judge(replace(LIMIT, champion=None, published_labels=labels), THRESHOLDS)
    assert found.passed and f"; {words}" in found.reason and found.champion_accuracy is None
