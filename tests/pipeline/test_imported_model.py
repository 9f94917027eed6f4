"""A model that was trained elsewhere is evaluated, gated and published like any other, without a training job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from imgcls.contract.run_plan import Trained
from lambdas.plan_run.plan import Published
from localcloud.stepfunctions.asl.errors import StatesError
from tests.pipeline.harness import Runner
from tests.pipeline.services import failed_job

IMPORTED, TRAINED_HERE = "dog-breed-classifier", "dog-breed-classifier-mobile"
ARTIFACT = f"s3://artifacts-bucket/runs/first/{IMPORTED}/output/imported/output/model.tar.gz"


@pytest.fixture
def runner() -> Runner:
    made = Runner()
    made.services.published = Published(trained={IMPORTED: Trained("imported", ARTIFACT, ARTIFACT)})
    return made


def inputs(call: Mapping[str, Any]) -> dict[str, str]:
    return {item["InputName"]: item["S3Input"]["S3Uri"] for item in call["ProcessingInputs"]}


def test_an_imported_model_is_evaluated_and_published_without_training(runner: Runner) -> None:
    found = runner.run({"models": [IMPORTED, TRAINED_HERE], "trained": {IMPORTED: ARTIFACT}})
    assert {item["outcome"] for item in found.outcomes.values()} == {"published"}
    assert len(found.calls["TrainModel"]) == 1 and "TuneModel" not in found.calls
    evaluated = {call["AppSpecification"]["ContainerArguments"][3]: call for call in found.calls["EvaluateModel"]}
    assert inputs(evaluated[IMPORTED])["artifact"] == inputs(evaluated[IMPORTED])["output-data"] == ARTIFACT
    here = inputs(evaluated[TRAINED_HERE])
    assert here["output-data"] == here["artifact"].replace("model.tar.gz", "output.tar.gz")
    [registered] = [c["Payload"] for c in found.calls["RegisterModel"] if c["Payload"]["model"] == IMPORTED]
    assert registered["training_job"] == "imported"


def test_an_evaluation_that_the_service_failed_is_retried_without_training(runner: Runner) -> None:
    runner.script["EvaluateModel"] = [failed_job("EvaluateModel", FailureReason="InternalServerError"), None]
    found = runner.run({"models": [IMPORTED], "trained": {IMPORTED: ARTIFACT}})
    assert found.outcomes[IMPORTED]["outcome"] == "published"
    assert len(found.calls["EvaluateModel"]) == 2 and "TrainModel" not in found.calls


def test_a_model_that_is_not_good_enough_is_rejected(runner: Runner) -> None:
    gate = {"passed": False, "reason": "too weak", "accuracy": 0.1, "champion_accuracy": None}
    runner.script["QualityGate"] = [{"Payload": gate}]
    found = runner.run({"models": [IMPORTED], "trained": {IMPORTED: ARTIFACT}})
    assert found.outcomes[IMPORTED]["outcome"] == "rejected"


def test_an_evaluation_that_rejects_the_model_reports_the_reason(runner: Runner) -> None:
    runner.script["EvaluateModel"] = [
        failed_job("EvaluateModel", FailureReason="AlgorithmError: exit code: 1", ExitMessage="other classes")
    ]
    found = runner.run({"models": [IMPORTED], "trained": {IMPORTED: ARTIFACT}})
    assert isinstance(found.error, StatesError) and "other classes" in found.failures[0]["reason"]
