"""An execution's input at its limits: the last value that is taken, the first that is refused."""

from __future__ import annotations

from typing import Any

import pytest

import config
from lambdas.common.errors import Refused
from lambdas.plan_run.request import FIELDS, FIXED, MAX_INSTANCES, parse
from pipeline.specs import run_specs

SPECS = run_specs(config.load("dev"))
BREEDS, MOBILE = "dog-breed-classifier", "dog-breed-classifier-mobile"
URI = "s3://bucket/runs/r/m/model.tar.gz"
KINDS = {"a list": [], "a text": "x", "true or false": True, "null": None, "a number": 1.5}


def request(value: Any) -> Any:
    return parse(value, "run-1", SPECS)


def refusal(value: Any, execution: str = "run-1", specs: Any = SPECS) -> str:
    with pytest.raises(Refused) as refused:
        parse(value, execution, specs)
    return str(refused.value)


def test_an_input_has_these_fields() -> None:
    assert FIELDS == (
        "models", "dataset", "tune", "hyperparameters", "instances", "trained", "as", "replace_labels",
        "publish_staged", "promote",
    )  # fmt: skip
    assert refusal({"zebra": 1, "apple": 1}).endswith(", ".join(FIELDS)) and "'apple'" in refusal(
        {"zebra": 1, "apple": 1}
    )


@pytest.mark.parametrize("field", ["hyperparameters", "trained", "as", None])
def test_another_kind_of_value_is_called_by_its_name(field: str | None) -> None:
    for value in KINDS.values():
        sentence = refusal(value if field is None else {field: value})
        assert sentence.startswith("the input is " if field is None else f"{field} is ")
    sentences = {refusal(value if field is None else {field: value}) for value in KINDS.values()}
    assert len(sentences) == len(KINDS), "each kind has its own name"


def test_values_of_a_model_must_be_its_hyperparameters() -> None:
    assert refusal({"hyperparameters": {BREEDS: 3}}).startswith(f"hyperparameters.{BREEDS} is a number")


@pytest.mark.parametrize("name", ["model-name", "architecture", "pretrained", "preprocessing", "serving", "labels"])
def test_what_the_models_own_fields_set_is_not_given(name: str) -> None:
    assert name in FIXED
    assert refusal({"hyperparameters": {BREEDS: {name: "x"}}}).startswith(f"hyperparameters.{BREEDS}.{name} is set by")


@pytest.mark.parametrize("models", ["m", [], [1], [BREEDS, 1], None, {}])
def test_models_are_a_list_of_names(models: Any) -> None:
    assert refusal({"models": models}).startswith(f"models is {models!r}; it must be a list of ")


def test_a_run_takes_forty_models() -> None:
    names = [f"m{number}" for number in range(41)]
    specs = {**SPECS, "models": dict.fromkeys(names, SPECS["models"][BREEDS])}
    assert len(parse({"models": names[:40]}, "run-1", specs).models) == 40
    sentence = refusal({"models": names}, specs=specs)
    assert sentence.startswith("models ") and " 41 " in sentence and " 40: " in sentence


@pytest.mark.parametrize("count", [1, MAX_INSTANCES])
def test_a_training_takes_one_to_twenty_instances(count: int) -> None:
    specs = {**SPECS, "several_instances": True}
    assert parse({"instances": count}, "run-1", specs).instances == count and MAX_INSTANCES == 20
    assert request({"instances": None}).instances is None


@pytest.mark.parametrize("execution", ["a", "a.b_c-D9", "x" * 80])
def test_an_execution_may_be_called_so(execution: str) -> None:
    assert parse({}, execution, SPECS).execution == execution


@pytest.mark.parametrize("execution", ["x" * 81, ".a", "a.", "-a", "a-", "a..b", "a b", "a\n", ""])
def test_an_execution_may_not_be_called_so(execution: str) -> None:
    assert refusal({}, execution).startswith(f"the execution's name is {execution!r}")


@pytest.mark.parametrize(
    "uri",
    [
        "bucket/model.tar.gz",
        "https://bucket/model.tar.gz",
        "s3://bucket/weights.pth",
        "s3://bucket-model.tar.gz",
        3,
        None,
    ],
)
def test_a_trained_model_is_named_by_its_archive(uri: Any) -> None:
    assert request({"models": [BREEDS], "trained": {BREEDS: URI}}).trained == {BREEDS: URI}
    assert refusal({"models": [BREEDS], "trained": {BREEDS: uri}}).startswith(f"trained.{BREEDS} is {uri!r}; ")


def test_a_trained_model_takes_no_hyperparameters_but_another_may() -> None:
    value = {"models": [BREEDS, MOBILE], "trained": {BREEDS: URI}, "hyperparameters": {MOBILE: {"lr": 0.1}}}
    assert request(value).hyperparameters == {MOBILE: {"lr": "0.1"}}
    sentence = refusal({**value, "hyperparameters": {BREEDS: {"lr": 0.1}}})
    assert sentence.startswith(f"hyperparameters.{BREEDS} ") and f"trained.{BREEDS}" in sentence


def test_models_are_renamed_everywhere_at_once() -> None:
    found = request(
        {
            "models": [BREEDS, MOBILE],
            "as": {BREEDS: "flowers"},
            "hyperparameters": {MOBILE: {"lr": 0.1}},
            "trained": {BREEDS: URI},
            "replace_labels": True,
            "tune": False,
        }
    )
    assert (found.models, found.recipes) == (("flowers", MOBILE), {"flowers": BREEDS, MOBILE: MOBILE})
    assert (found.hyperparameters, found.trained) == ({MOBILE: {"lr": "0.1"}}, {"flowers": URI})
    assert (found.replace_labels, found.tune) == (True, False)
    assert request({}).replace_labels is False and request({}).trained == {}


@pytest.mark.parametrize("name", [BREEDS, MOBILE])
def test_a_new_name_is_new(name: str) -> None:
    assert refusal({"models": [BREEDS], "as": {BREEDS: name}}).startswith(f"as.{BREEDS} is {name}, a configured model")


def test_of_several_new_names_each_is_one_models() -> None:
    specs = {**SPECS, "models": {**SPECS["models"], "third": SPECS["models"][MOBILE]}}
    models = [BREEDS, MOBILE, "third"]
    assert refusal({"models": models, "as": {BREEDS: "y", MOBILE: "x", "third": "x"}}, specs=specs).startswith(
        "as has x"
    )
