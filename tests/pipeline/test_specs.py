"""The part of the configuration that PlanRun gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

import config
from config.base import ConfigError
from config.models import Categorical, Continuous, Integer, TuningSpec
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.contract.run_plan import TuningPlan
from pipeline.specs import _tuning, package_group, run_specs
from tests.config.project import project


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_the_file_is_json_and_small(environment: str) -> None:
    specs = run_specs(config.load(environment))
    assert len(json.dumps(specs)) < 64 * 1024
    assert set(specs["defaults"]["models"]) <= set(specs["models"])


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_every_instance_type_has_a_price(environment: str) -> None:
    specs = run_specs(config.load(environment))
    for job in specs["jobs"].values():
        assert {job["instance_type"], *job["fallback_instance_types"]} <= set(specs["usd_per_hour"])


def test_the_preparation_accepts_the_data_sets() -> None:
    specs = run_specs(config.load("dev"))
    settings = DatasetSettings.from_dict(specs["datasets"]["cats-dogs"])
    assert settings.labels == {"cats": "cat", "dogs": "dog"}
    assert settings.split.test == 0.2


def test_a_grid_has_one_trial_per_combination() -> None:
    spec = TuningSpec(
        space={"lr": Categorical(values=("0.1", "0.01")), "epochs": Categorical(values=("2", "3", "4"))},
        strategy="Grid",
        max_jobs=50,
    )
    assert _tuning(spec, epochs=8).max_jobs == 6


@pytest.mark.parametrize(("strategy", "max_jobs"), [("Random", 50), ("Bayesian", 50)])
def test_another_search_has_as_many_trials_as_configured(strategy: Any, max_jobs: int) -> None:
    spec = TuningSpec(search_space={"lr": Categorical(values=("0.1", "0.01"))}, strategy=strategy, max_jobs=max_jobs)
    assert _tuning(spec, epochs=8).max_jobs == max_jobs


def test_ranges_are_those_of_the_service() -> None:
    """Numbers are strings there, an exponent that Python would write included."""
    spec = TuningSpec(
        search_space={
            "lr": Continuous(low=0.00001, high=0.1 + 0.2, scaling="Logarithmic"),
            "momentum": Continuous(low=0.5, high=0.9),
            "epochs": Integer(low=2, high=30, scaling="ReverseLogarithmic"),
            "optimizer": Categorical(values=("sgd", "adamw")),
        },
        max_jobs=9,
        max_parallel_jobs=3,
        max_runtime_seconds=600,
        early_stopping="Auto",
        min_epochs=2,
        warm_start=True,
        seed=7,
        objective="validation:loss",
    )
    ranges = {
        "ContinuousParameterRanges": [
            {"Name": "lr", "MinValue": "1e-05", "MaxValue": "0.3", "ScalingType": "Logarithmic"},
            {"Name": "momentum", "MinValue": "0.5", "MaxValue": "0.9", "ScalingType": "Auto"},
        ],
        "IntegerParameterRanges": [
            {"Name": "epochs", "MinValue": "2", "MaxValue": "30", "ScalingType": "ReverseLogarithmic"}
        ],
        "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd", "adamw"]}],
    }
    assert _tuning(spec, epochs=8) == TuningPlan(
        "Bayesian", "validation:loss", "Minimize", 9, 3, 600, "Auto", 7, ranges, True, (), 2, 8
    )


SIZES = {"instance_count": 1, "volume_gb": 30, "max_runtime_seconds": 7200, "fallback_instance_types": ()}
PREPROCESSING = {"resize": 256, "crop": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def test_the_file_says_all_that_a_plan_needs() -> None:
    specs = run_specs(project().config("dev"))
    models, datasets = specs.pop("models"), specs.pop("datasets")
    training = {"volume_gb": 100, "max_runtime_seconds": 14400, "fallback_instance_types": ("ml.g4dn.xlarge",)}
    assert specs == {
        "environment": "dev",
        "defaults": {"models": ["flower-classifier"], "tune": True},
        "jobs": {
            "preparation": {"instance_type": "ml.m5.2xlarge", **SIZES},
            "training": {"instance_type": "ml.g5.xlarge", **SIZES, **training},
            "evaluation": {"instance_type": "ml.c7i.2xlarge", **SIZES},
        },
        "spot": True,
        "distributed": False,
        "several_instances": False,
        "usd_per_hour": {
            "ml.c7i.2xlarge": 0.43, "ml.g4dn.xlarge": 0.74, "ml.g5.xlarge": 1.41, "ml.m5.2xlarge": 0.46,
        },
        "budget_usd": 200,
        "max_concurrency": 4,
        "execution_timeout_seconds": 86400,
        "poll_seconds": 30,
        "history": {"run": 2821, "model": 232, "round": 11, "budget": 16500, "grace_seconds": 3600,
                    "training_seconds": 0},
    }  # fmt: skip
    assert list(datasets) == ["flowers"] and datasets["flowers"]["layout"] == "classes"
    search = models["flower-classifier"].pop("tuning")
    assert models == {
        "flower-classifier": {
            "architecture": "resnet18",
            "dataset": "flowers",
            "pretrained": True,
            "hyperparameters": {
                "architecture": "resnet18",
                "epochs": "20",
                "labels": "{}",
                "model-name": "flower-classifier",
                "preprocessing": json.dumps(PREPROCESSING, sort_keys=True, separators=(",", ":")),
                "pretrained": "true",
                "serving": '{"precision":"fp32","response_format":"full"}',
            },
            "preprocessing": PREPROCESSING,
            "serving": {"response_format": "full", "precision": "fp32"},
            "package_group": "flowers-dev-flower-classifier",
        }
    }
    assert (search["max_resource"], list(search["parameter_ranges"])) == (20, ["ContinuousParameterRanges"])


def test_a_model_without_a_search_and_a_job_of_several_gpus_are_said_so() -> None:
    config_ = project(
        ("    search:\n      space:\n        lr: {low: 0.001, high: 0.1, scale: log}\n", ""),
        ("region: eu-central-1", "training: {instance_type: ml.g5.12xlarge}\n    spot: {enabled: false}"),
    ).config("dev")
    specs = run_specs(config_)
    assert specs["models"]["flower-classifier"]["tuning"] is None
    assert (specs["spot"], specs["distributed"]) == (False, True)


def test_a_group_name_may_have_63_characters() -> None:
    settings = project().config("local")
    assert len(package_group(settings, "x" * (63 - len("flowers-local-")))) == 63
    with pytest.raises(ConfigError, match="longer than 63 characters"):
        package_group(settings, "x" * (64 - len("flowers-local-")))


def test_settings_that_the_preparation_would_reject_fail_at_synth() -> None:
    settings = project().config("dev")
    wrong = settings.datasets[0].model_copy(update={"packing": "zip"})
    with pytest.raises(DatasetError, match="packing is 'zip'"):
        run_specs(settings.model_copy(update={"datasets": (wrong,)}))


def test_a_group_name_that_is_too_long_names_the_model() -> None:
    with pytest.raises(ConfigError, match=r"models.x+.name makes the model package group"):
        package_group(config.load("local"), "x" * 60)
