"""The part of the configuration that PlanRun gets."""

from __future__ import annotations

import json

import pytest

import config
from config.base import ConfigError
from config.models import Categorical, TuningSpec
from imgcls.contract.dataset import DatasetSettings
from pipeline.specs import _tuning, package_group, run_specs


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


def test_a_group_name_that_is_too_long_names_the_model() -> None:
    with pytest.raises(ConfigError, match=r"models.x+.name makes the model package group"):
        package_group(config.load("local"), "x" * 60)
