"""An execution's input: what is accepted, what is refused, and the sentence of each refusal."""

from __future__ import annotations

from typing import Any

import pytest

import config
from lambdas.common.errors import Refused
from lambdas.plan_run.request import parse
from pipeline.specs import run_specs
from tests.pipeline.variants import variant

SPECS = run_specs(config.load("dev"))
BREEDS, MOBILE, CATS = "dog-breed-classifier", "dog-breed-classifier-mobile", "cat-dog-classifier"


def test_an_empty_input_is_the_environments_default() -> None:
    request = parse({}, "run-1", SPECS)
    assert (request.models, request.dataset, request.tune) == ((BREEDS, MOBILE), "dog-breeds", True)
    assert request.hyperparameters == {}


def test_every_field_can_be_set() -> None:
    value = {
        "models": [CATS],
        "dataset": "my-cats",
        "tune": False,
        "hyperparameters": {CATS: {"lr": 0.01, "epochs": "3"}},
    }
    request = parse(value, "run-1", SPECS)
    assert (request.models, request.dataset, request.tune) == ((CATS,), "my-cats", False)
    assert request.hyperparameters == {CATS: {"lr": "0.01", "epochs": "3"}}


def test_one_data_set_can_replace_the_models_own() -> None:
    assert parse({"models": [BREEDS, CATS], "dataset": "mine"}, "run-1", SPECS).dataset == "mine"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "the input is null"),
        ("{}", "the input is a string"),
        ({"model": BREEDS}, "unknown field 'model'; choose from models, dataset"),
        ({"models": BREEDS}, "models is 'dog-breed-classifier'; it must be a list"),
        ({"models": []}, "at least one model name"),
        ({"models": [1]}, "at least one model name"),
        ({"models": ["poodle"]}, "models has 'poodle', which is not configured; choose from cat-dog-classifier"),
        ({"models": [BREEDS, BREEDS]}, "twice"),
        ({"models": [BREEDS, CATS]}, "uses the data sets cats-dogs and dog-breeds, and a run has only one"),
        ({"dataset": "../other"}, "dataset is '../other'"),
        ({"dataset": ["dog-breeds"]}, "dataset is"),
        ({"tune": "yes"}, "tune is 'yes'; it must be true or false"),
        ({"tune": 1}, "tune is 1"),
        ({"hyperparameters": []}, "hyperparameters is a list"),
        ({"hyperparameters": {CATS: {}}}, "hyperparameters has 'cat-dog-classifier', which this run does not train"),
        ({"hyperparameters": {BREEDS: 3}}, "hyperparameters.dog-breed-classifier is a number"),
        ({"hyperparameters": {BREEDS: {"lr": 99}}}, "hyperparameters.dog-breed-classifier: lr is 99"),
        ({"hyperparameters": {BREEDS: {"learning": 1}}}, "learning is not a hyperparameter; choose from"),
        (
            {"hyperparameters": {BREEDS: {"debug": {"rules": {"dead": {}}}}}},
            "hyperparameters.dog-breed-classifier: debug.rules has no 'dead'; choose from",
        ),
        ({"hyperparameters": {BREEDS: {"architecture": "resnet50"}}}, "architecture is set by the model's"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_the_fields_name(value: Any, words: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse(value, "run-1", SPECS)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("execution", ["", "a b", "a/../b", "../x", "ä", "x" * 81])
def test_an_execution_name_that_cannot_be_part_of_a_key_is_refused(execution: str) -> None:
    with pytest.raises(Refused, match="the execution's name"):
        parse({}, execution, SPECS)


def test_the_name_of_a_scheduled_execution_is_accepted() -> None:
    name = "0f0e0d0c-0b0a-0908-0706-050403020100_0f0e0d0c-0b0a-0908-0706-050403020100"
    assert parse({}, name, SPECS).execution == name


@pytest.mark.parametrize("count", [0, 21, "2", True, 1.5])
def test_an_impossible_number_of_instances_is_refused(count: Any) -> None:
    with pytest.raises(Refused, match=f"instances is {count!r}; it must be a whole number from 1 to 20"):
        parse({"instances": count}, "run-1", SPECS)


def test_instances_are_the_configurations_unless_asked_for() -> None:
    assert parse({}, "run-1", SPECS).instances is None
    assert parse({"instances": 1}, "run-1", SPECS).instances == 1


def test_several_instances_are_refused_where_their_traffic_would_not_be_encrypted() -> None:
    with pytest.raises(Refused) as refused:
        parse({"instances": 2}, "run-1", SPECS)
    assert str(refused.value) == (
        "instances is 2, and dev encrypts the traffic between the instances of a training only where "
        "training.instance_count is above 1: set it to 2 or more in kennel.yaml, and deploy"
    )
    several = run_specs(variant("dev", training={"instance_count": 2}))
    assert parse({"instances": 4}, "run-1", several).instances == 4
    not_isolated = run_specs(variant("dev", pipeline={"isolate": False}))
    assert parse({"instances": 4}, "run-1", not_isolated).instances == 4, "nothing is encrypted there, nor has to be"
