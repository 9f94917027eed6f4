"""The pipeline's functions as a stack makes them, the values that a deployment fills in, and the fields that it rejects."""

# ruff: noqa: E501  tables read best with one case per line

from __future__ import annotations

import importlib
from typing import Any

import pytest

import config
from pipeline import allowed_fields, placeholders, state_machine
from pipeline.functions import FUNCTIONS
from pipeline.placeholders import Placeholder
from tests.pipeline.variants import variant

# Folder -> time limit in seconds, memory in MB.
SIZES = {
    "plan_run": (60, 512),
    "diagnose_failure": (30, 256),
    "emit_findings": (60, 256),
    "quality_gate": (30, 256),
    "register_model": (60, 256),
    "stage_artifact": (300, 512),
    "smoke_test": (600, 256),
    "publish_model": (120, 256),
}


def test_each_function_has_its_time_and_memory() -> None:
    assert {item.folder: (item.timeout_seconds, item.memory_mb) for item in FUNCTIONS} == SIZES
    assert len({item.arn for item in FUNCTIONS}) == len(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.folder)
def test_its_handler_is_there(function: Any) -> None:
    module, _, name = function.handler.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


def test_a_name_that_is_not_a_placeholder_is_a_mistake() -> None:
    assert placeholders.used({"A": "${KeyArn} ${KeyArn}", "B": ["x${JobsImage}"]}) == {
        Placeholder.KEY_ARN, Placeholder.JOBS_IMAGE,
    }  # fmt: skip
    with pytest.raises(ValueError, match="KeyARN"):
        placeholders.used({"A": "${KeyARN}"})


def test_values_are_filled_in_as_json() -> None:
    filled = placeholders.substitute({"A": ["${KeyArn}/${KeyArn}"], "${KeyArn}": 1}, {"KeyArn": 'a "b"'})
    assert filled == {"A": ['a "b"/a "b"'], 'a "b"': 1}
    with pytest.raises(KeyError, match="JobsImage"):
        placeholders.substitute({"A": "${JobsImage}"}, {})


@pytest.mark.parametrize(("zones", "subnets"), [(2, ["${Subnet1}", "${Subnet2}"]),
                                                (3, ["${Subnet1}", "${Subnet2}", "${Subnet3}"])])  # fmt: skip
def test_a_zone_has_a_subnet(zones: int, subnets: list[str]) -> None:
    assert placeholders.subnets(variant(network={"zones": zones})) == subnets


@pytest.mark.parametrize("state", ["PrepareDataset", "TrainModel", "EvaluateModel"])
@pytest.mark.parametrize("field", ["Surprise", "Surprise.$"])
def test_a_field_that_nobody_has_seen_accepted_fails_before_the_deployment(state: str, field: str) -> None:
    definition = state_machine(config.load("local"))
    states = definition["States"] | definition["States"]["TrainModels"]["ItemProcessor"]["States"]
    states[state]["Parameters"][field] = 1
    with pytest.raises(ValueError) as rejected:
        allowed_fields.check(definition)
    assert str(rejected.value).startswith(f"{state} has the field {field}, ")
    assert "pipeline/allowed_fields.py" in str(rejected.value)


def test_other_services_take_what_they_take() -> None:
    definition = state_machine(config.load("local"))
    definition["States"]["PlanRun"]["Parameters"]["Surprise"] = 1
    allowed_fields.check(definition)
