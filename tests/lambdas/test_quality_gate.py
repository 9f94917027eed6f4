"""The decision between training and publishing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from imgcls.contract.evaluation import FILE, ClassScore, Evaluation, Score
from lambdas.quality_gate.environment import Environment
from lambdas.quality_gate.gate import judge
from lambdas.quality_gate.handler import handler
from tests.lambdas.conftest import Account, Call

THRESHOLDS = Environment(min_accuracy=0.5, max_regression=0.01, max_latency_ms=100, min_fp32_agreement=0.99)
SCORE: dict[str, Any] = {
    "num_images": 100,
    "accuracy": 0.8,
    "loss": 0.5,
    "ece": 0.02,
    "per_class": {"a": ClassScore(50, 0.8, 0.8), "b": ClassScore(50, 0.8, 0.8)},
    "confusion_matrix": ((40, 10), (10, 40)),
    "latency_ms": 20.0,
    "artifact_bytes": 1000,
    "precision": "int8",
    "agreement_with_fp32": 1.0,
    "version": "v2",
}
GOOD = Evaluation(**SCORE, manifest_id="m")


def champion(accuracy: float) -> Score:
    return Score(**{**SCORE, "accuracy": accuracy, "version": "v1"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"accuracy": 0.49}, "accuracy 0.4900 is below gate.min_accuracy 0.5"),
        ({"accuracy": float("nan")}, "gate.min_accuracy"),
        ({"champion": champion(0.82)}, "the published model's 0.8200"),
        ({"latency_ms": 101.0}, "latency 101.0 ms is above gate.max_latency_ms 100"),
        ({"latency_ms": float("nan")}, "gate.max_latency_ms"),
        ({"agreement_with_fp32": 0.98}, "int8 agrees with fp32 on 0.9800"),
        ({"num_images": 0}, "the test split does not contain images"),
    ],
)
def test_what_is_not_good_enough_is_said(changes: dict[str, Any], words: str) -> None:
    verdict = judge(replace(GOOD, **changes), THRESHOLDS)
    assert not verdict.passed and words in verdict.reason


@pytest.mark.parametrize(
    "changes",
    [{}, {"accuracy": 0.5}, {"champion": champion(0.81)}, {"champion": champion(0.1)}, {"latency_ms": 100.0}],
)
def test_what_reaches_the_thresholds_passes(changes: dict[str, Any]) -> None:
    verdict = judge(replace(GOOD, **changes), THRESHOLDS)
    assert verdict.passed and verdict.reasons == ()


def test_every_objection_is_listed() -> None:
    bad = replace(GOOD, accuracy=0.1, latency_ms=1000.0, champion=champion(0.9))
    assert len(judge(bad, THRESHOLDS).reasons) == 3


def test_the_reason_compares_with_the_published_model() -> None:
    assert "nothing was published before" in judge(GOOD, THRESHOLDS).reason
    replaces = judge(replace(GOOD, published_labels="replaced"), THRESHOLDS)
    assert replaces.passed and replaces.reason.endswith("; it replaces a model with other labels")


def test_other_labels_are_not_published_under_a_name_unasked() -> None:
    found = judge(replace(GOOD, published_labels="other"), THRESHOLDS)
    assert not found.passed
    assert found.reason == (
        "the version published under this name has other labels: train under another name with --as NAME, or "
        "replace it with --replace-labels"
    )
    assert "the published model has 0.7000" in judge(replace(GOOD, champion=champion(0.7)), THRESHOLDS).reason


def test_the_handler_reads_the_runs_evaluation(aws: Account, function: Call) -> None:
    aws.s3.put_object(Bucket=aws.artifacts, Key=f"runs/r/m/{FILE}", Body=json.dumps(GOOD.to_dict()))
    event = {"model": "m", "run_uri": f"s3://{aws.artifacts}/runs/r/m/"}
    answer = function(handler, THRESHOLDS, event)
    assert (answer["passed"], answer["accuracy"], answer["champion_accuracy"]) == (True, 0.8, None)


def test_a_missing_evaluation_is_named(aws: Account, function: Call) -> None:
    with pytest.raises(FileNotFoundError, match=r"s3://artifacts-bucket/runs/r/m/evaluation.json does not exist"):
        function(handler, THRESHOLDS, {"model": "m", "run_uri": f"s3://{aws.artifacts}/runs/r/m/"})
