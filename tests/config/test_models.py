"""A model and its search: what is refused, at which value, and what training jobs get."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from config.models import (
    SCALES,
    UNTRAINED,
    Categorical,
    Continuous,
    Integer,
    ModelSpec,
    PreprocessingSpec,
    TuningSpec,
)
from imgcls.contract import artifact

LR = {"low": 0.001, "high": 0.1}
CHOICES = {"values": ["0.1", "0.01"]}


def search(space: Any = None, **values: Any) -> TuningSpec:
    return TuningSpec.model_validate({"space": {"lr": LR} if space is None else space, **values})


def model(**values: Any) -> ModelSpec:
    return ModelSpec.model_validate({"name": "m", "network": "resnet18", "dataset": "d", **values})


def refusal(make: Any, *arguments: Any, **values: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        make(*arguments, **values)
    (error,) = refused.value.errors()
    return str(error["msg"])


@pytest.mark.parametrize(
    ("space", "kind"),
    [
        ({"lr": LR}, Continuous),
        ({"epochs": {"low": 1, "high": 3}}, Integer),
        ({"batch-size": {"low": 8, "high": 64}}, Integer),
        ({"epochs": {"values": [1, 2]}}, Categorical),
        ({"lr": {"kind": "categorical", "values": [0.1, 0.2]}}, Categorical),
    ],
)
def test_a_range_is_of_the_kind_that_its_hyperparameter_and_keys_say(space: dict[str, Any], kind: type) -> None:
    (found,) = search(space).search_space.values()
    assert type(found) is kind
    if isinstance(found, Categorical):
        assert all(isinstance(value, str) for value in found.values)


@pytest.mark.parametrize(("word", "service"), [("auto", "Auto"), ("linear", "Linear"), ("log", "Logarithmic"),
                                               ("reverse-log", "ReverseLogarithmic")])  # fmt: skip
def test_a_scale_is_the_files_word_or_the_services(word: str, service: str) -> None:
    for said in (word, service):
        assert Continuous.model_validate({**LR, "scale": said}).scaling == service
    assert SCALES[word] == service and len(SCALES) == 4
    assert Continuous.model_validate(LR).scaling == "Auto"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"low": 0.1, "high": 0.1}, "low (0.1) must be below high (0.1)"),
        ({"low": 0.2, "high": 0.1}, "low (0.2) must be below high (0.1)"),
        ({"low": 0, "high": 0.1, "scale": "log"}, "low (0.0) must be above 0"),
    ],
)
def test_a_range_has_two_ends(values: dict[str, Any], words: str) -> None:
    assert words in refusal(Continuous.model_validate, values)
    assert Continuous.model_validate({"low": 0, "high": 0.1}).low == 0


@pytest.mark.parametrize(
    ("space", "values", "words"),
    [
        ({}, {}, "space is empty"),
        ({"lrr": LR}, {}, "space.lrr cannot be searched; did you mean lr?"),
        ({"patience": {"low": 1, "high": 3}}, {}, "space.patience cannot be searched; "),
        ({"lr": {"low": 0.1, "high": 11}}, {}, "lr is 11.0; "),
        ({"optimizer": {"values": ["sgd", "adam"]}}, {}, "optimizer is 'adam'; "),
        (None, {"objective": "validation:f1"}, "objective is validation:f1; "),
        (None, {"objective": "train:loss"}, "objective is train:loss; "),
        (None, {"objective": "train:epoch"}, "objective is train:epoch; "),
        (None, {"max_jobs": 2, "max_parallel_jobs": 3}, "max_parallel_jobs (3) is above max_jobs (2)"),
        ({"epochs": {"low": 1, "high": 3}}, {"strategy": "Hyperband"}, "take epochs out of space"),
        (None, {"strategy": "Hyperband", "early_stopping": "Auto"}, "set early_stopping to Off"),
        (None, {"strategy": "Hyperband", "warm_start": True}, "warm_start "),
        ({"lr": CHOICES}, {"strategy": "Grid", "warm_start": True}, "warm_start "),
        (None, {"strategy": "Grid"}, "strategy Grid takes categorical ranges only"),
        ({"lr": CHOICES, "epochs": {"low": 1, "high": 3}}, {"strategy": "Grid"}, "strategy Grid takes categorical "),
    ],
)
def test_a_search_that_cannot_work_is_refused(space: Any, values: dict[str, Any], words: str) -> None:
    assert words in refusal(search, space, **values)


@pytest.mark.parametrize(
    ("space", "values"),
    [
        (None, {"strategy": "Hyperband"}),
        (None, {"strategy": "Random", "early_stopping": "Auto", "warm_start": True}),
        (None, {"strategy": "Bayesian", "warm_start": True}),
        ({"epochs": {"low": 1, "high": 3}}, {}),
        ({"lr": CHOICES}, {"strategy": "Grid"}),
        (None, {"max_jobs": 2, "max_parallel_jobs": 2}),
    ],
)
def test_a_search_that_can_is_taken(space: Any, values: dict[str, Any]) -> None:
    assert search(space, **values).model_dump().items() >= values.items()


@pytest.mark.parametrize(("objective", "goal"), [("validation:accuracy", "Maximize"), ("validation:loss", "Minimize")])
def test_an_objective_has_a_goal(objective: str, goal: str) -> None:
    assert search(objective=objective).goal == goal and search().objective == "validation:accuracy"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("model-name", "name"), ("architecture", "network"), ("pretrained", "weights"), ("preprocessing", "image"),
        ("serving", "precision and answer"), ("labels", "data set"),
    ],
)  # fmt: skip
def test_what_a_field_says_is_not_said_again(name: str, field: str) -> None:
    assert refusal(model, hyperparameters={"lr": 0.1, name: "x"}).endswith(
        f"{name} is set by the model's own {field}: leave it out here"
    )


def test_of_several_the_first_by_name_is_told() -> None:
    every = dict.fromkeys(("serving", "labels", "pretrained", "preprocessing", "architecture", "model-name"), "x")
    assert "architecture is set by" in refusal(model, hyperparameters=every)


def test_hyperparameters_are_ones_of_training() -> None:
    assert "did you mean epochs?" in refusal(model, hyperparameters={"epoch": 3})
    assert "epochs is 0; " in refusal(model, hyperparameters={"epochs": 0})


@pytest.mark.parametrize("name", ["M", "m_1", "", "-m", "a" * 64])
def test_a_name_is_a_part_of_keys(name: str) -> None:
    assert f"{name!r} is not a model name" in refusal(model, name=name)


def test_networks_without_pretrained_weights_start_from_none() -> None:
    assert UNTRAINED == ("simple_cnn",)
    for network, weights in (("simple_cnn", "none"), ("resnet18", "imagenet")):
        made = model(network=network)
        assert (made.weights, made.pretrained) == (weights, weights == "imagenet")
    named = {"name": "m", "dataset": "d", "architecture": "simple_cnn"}
    assert ModelSpec.model_validate(named).weights == "none"
    assert model(weights="none").pretrained is False
    assert "no pretrained weights of simple_cnn" in refusal(model, network="simple_cnn", weights="imagenet")


@pytest.mark.parametrize(("epochs", "least"), [({}, 7), ({"epochs": 3}, 2)])
def test_hyperband_gives_the_best_trials_more_epochs(epochs: dict[str, int], least: int) -> None:
    made = model(hyperparameters=epochs, search={"space": {"lr": LR}, "strategy": "Hyperband", "min_epochs": least})
    assert made.epochs == least + 1
    sentence = refusal(
        model, hyperparameters=epochs, search={"space": {"lr": LR}, "strategy": "Hyperband", "min_epochs": least + 1}
    )
    assert f"search.min_epochs ({least + 1}) must be below the epochs of m ({least + 1})" in sentence
    assert model(hyperparameters=epochs, search={"space": {"lr": LR}, "min_epochs": 50})


def test_a_job_gets_everything_as_text() -> None:
    made = model(hyperparameters={"lr": 0.5}, image={"resize": 72, "crop": 64}, precision="int8", answer="array")
    values = made.static_hyperparameters({"cats": "cat"})
    assert json.loads(values.pop("preprocessing")) == made.preprocessing.model_dump(mode="json")
    assert values == {
        "architecture": "resnet18",
        "labels": '{"cats":"cat"}',
        "lr": "0.5",
        "model-name": "m",
        "pretrained": "true",
        "serving": '{"precision":"int8","response_format":"array"}',
    }


def test_images_are_prepared_as_the_contract_says() -> None:
    spec = PreprocessingSpec()
    assert (spec.mean, spec.std) == (artifact.IMAGENET_MEAN, artifact.IMAGENET_STD)
    assert artifact.Preprocessing.from_dict(spec.model_dump()) == artifact.Preprocessing()
    assert "8 <= crop <= resize <= 2048" in refusal(PreprocessingSpec, resize=64, crop=72)


def test_hyperparameters_that_exclude_one_another_are_refused_unless_they_are_searched() -> None:
    assert "pass --freeze-backbone true with it" in refusal(model, hyperparameters={"feature-cache": True})
    assert model(hyperparameters={"feature-cache": True, "freeze-backbone": True}).name == "m"
    head = {"head-search": {"trials": 2}, "freeze-backbone": True}
    assert "does not weigh the loss" in refusal(model, hyperparameters={**head, "class-weighting": "loss"})
    space = {"class-weighting": {"values": ["none", "sampler"]}}
    assert model(hyperparameters={**head, "class-weighting": "loss"}, search={"space": space}).name == "m"
