"""The run's plan and its file: what is written is what later states and jobs read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from imgcls.contract import run_plan
from imgcls.contract.artifact import ArtifactError, Preprocessing
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.contract.plan_file import ModelSettings, PlanFile
from imgcls.contract.run_plan import JobSize, ModelPlan, RunPlan, TuningPlan

SIZE = JobSize("ml.m5.xlarge", 1, 30, 3600)
TUNING = TuningPlan("Random", "validation:accuracy", "Maximize", 8, 2, 7200, "Auto", 1, {})
MODEL = ModelPlan(
    "m", "m-1a2b3c", True, False, "resnet18", {"lr": "0.1"}, TUNING, SIZE, SIZE, SIZE, "s3://b/weights/r.safetensors",
    "s3://b/o/", "s3://b/c/", "s3://b/t/", "h.json", "s3://b/runs/run-1/m/", "group",
)  # fmt: skip
PLAN = RunPlan(
    "run-1", "dogs", "s3://d/datasets/dogs/", "s3://b/prepared/", "s3://b/p/", "s3://b/parts/", "prepare-1a2b3c", SIZE,
    (MODEL,), 1, 12.5,
)  # fmt: skip
FILE: dict[str, Any] = {
    "dataset": DatasetSettings().to_dict(),
    "models": {
        "m": {
            "name": "m",
            "architecture": "resnet18",
            "preprocessing": {"resize": 72, "crop": 64, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
            "serving": {"response_format": "array", "precision": "int8"},
            "labels": {"cats": "cat"},
            "replace_labels": True,
        }
    },
}


def test_the_limits_and_names_are_these() -> None:
    # A model's name, the time and a retry count still make a tuning job's 32 characters.
    assert (run_plan.MAX_MODELS, run_plan.MAX_BASE_CHARS, run_plan.PLAN_FILE) == (40, 18, "plan.json")


def test_what_a_plan_leaves_out_has_these_values() -> None:
    assert (SIZE.fallback_instance_types, MODEL.trained, PLAN.spot, PLAN.notes) == ((), None, False, ())
    assert (TUNING.warm_start, TUNING.parents, TUNING.min_resource, TUNING.max_resource) == (False, (), 1, 1)


def test_the_answer_has_a_reference_in_place_of_each_model() -> None:
    answer = replace(PLAN, notes=("a note",)).to_answer()
    assert answer["models"] == [{"name": "m", "run_uri": "s3://b/runs/run-1/m/", "plan_key": "runs/run-1/m/plan.json"}]
    assert answer["notes"] == ["a note"] and answer["preparation"]["fallback_instance_types"] == []
    whole = replace(PLAN, notes=("a note",)).to_dict()
    assert {**whole, "models": answer["models"]} == answer
    assert whole["models"][0]["tuning"]["max_jobs"] == 8


def test_the_file_is_written_and_read() -> None:
    file = PlanFile.from_dict(FILE)
    settings = ModelSettings(
        "m", "resnet18", Preprocessing(72, 64, (0.5,) * 3, (0.5,) * 3), "array", "int8", {"cats": "cat"}, True
    )
    assert file == PlanFile(DatasetSettings(), {"m": settings})
    assert file.to_dict() == FILE


def test_a_plan_that_says_nothing_about_labels_keeps_those_that_are_published() -> None:
    value = dict(FILE["models"]["m"])
    del value["replace_labels"]
    assert ModelSettings.from_dict(value).replace_labels is False
    assert ModelSettings("m", "resnet18", Preprocessing(), "full", "fp32").replace_labels is False


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"dataset": {"layout": "zip"}}, DatasetError),
        ({"models": {"m": {**FILE["models"]["m"], "preprocessing": {"crop": 1}}}}, ArtifactError),
        ({"models": {"m": {"name": "m"}}}, KeyError),
    ],
)
def test_a_document_that_is_not_a_plan_is_refused(change: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        PlanFile.from_dict({**FILE, **change})
