"""Each hyperparameter as a job meets it: default, limits, who may search it; and how values are read and written."""

from __future__ import annotations

from typing import Any

import pytest

from imgcls.contract.hyperparameter import Hyperparameter, HyperparameterError, check_names, unknown
from imgcls.contract.hyperparameters import BY_NAME, HYPERPARAMETERS, decode, encode
from imgcls.contract.optimization import Optimization
from imgcls.contract.training_settings import TrainingSettings

CHOICES: dict[str, tuple[str, ...]] = {
    "architecture": ("simple_cnn", "resnet18", "resnet50", "mobilenet_v3_small", "mobilenet_v3_large"),
    "optimizer": ("sgd", "adamw"),
    "train-precision": ("fp32", "bf16"),
    "augmentation": ("none", "light", "standard"),
    "class-weighting": ("none", "loss", "sampler"),
}
# name -> default, low, high: whoever left a hyperparameter out was promised its default.
VALUES: dict[str, tuple[Any, float | None, float | None]] = {
    "architecture": ("resnet18", None, None),
    "pretrained": (True, None, None),
    "freeze-backbone": (False, None, None),
    "epochs": (8, 1, 1000),
    "batch-size": (64, 1, 8192),
    "lr": (0.01, 1e-7, 10.0),
    "optimizer": ("sgd", None, None),
    "momentum": (0.9, 0.0, 0.9999),
    "weight-decay": (0.0005, 0.0, 1.0),
    "warmup-epochs": (0.5, 0.0, 100.0),
    "head-epochs": (0, 0, 1000),
    "backbone-lr-ratio": (1.0, 0.0, 1.0),
    "label-smoothing": (0.0, 0.0, 0.9),
    "gradient-clipping": (0.0, 0.0, None),
    "accumulation-steps": (1, 1, 1024),
    "patience": (5, 0, None),
    "seed": (1, 0, 2147483647),
    "train-precision": ("fp32", None, None),
    "compile": (False, None, None),
    "preprocessing": ({}, None, None),
    "augmentation": ("standard", None, None),
    "class-weighting": ("none", None, None),
    "labels": ({}, None, None),
    "test-batch-size": (128, 1, 8192),
    "num-workers": (-1, -1, 256),
    "feature-cache": (False, None, None),
    "feature-views": (1, 1, 64),
    "head-search": ({}, None, None),
    "debug": ({}, None, None),
    "profile": ({}, None, None),
    "model-name": ("model", None, None),
    "serving": ({}, None, None),
}
TUNABLE = {
    "epochs", "batch-size", "lr", "optimizer", "momentum", "weight-decay", "head-epochs", "backbone-lr-ratio",
    "label-smoothing", "gradient-clipping", "seed", "class-weighting", "test-batch-size",
}  # fmt: skip
RESUME_SAFE = {"patience", "test-batch-size", "num-workers", "debug", "profile", "serving"}


def test_defaults_and_limits_are_these() -> None:
    assert {item.name: (item.default, item.low, item.high) for item in HYPERPARAMETERS} == VALUES
    assert {item.name: item.choices for item in HYPERPARAMETERS if item.choices} == CHOICES


def test_these_may_be_searched_and_these_may_change_when_a_training_goes_on() -> None:
    assert {item.name for item in HYPERPARAMETERS if item.tunable} == TUNABLE
    assert {item.name for item in HYPERPARAMETERS if item.resume_safe} == RESUME_SAFE


def test_the_plain_defaults_are_those_of_the_typed_settings() -> None:
    assert TrainingSettings().to_hyperparameters() == {name: default for name, (default, _, _) in VALUES.items()}


@pytest.mark.parametrize(("name", "value"), [("lr", 1e-7), ("lr", 10.0), ("epochs", 1), ("patience", 10**9)])
def test_a_limit_may_be_reached(name: str, value: float) -> None:
    assert BY_NAME[name].parse(value) == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "7", 7),
        (int, '"7"', 7),
        (int, 7.0, 7),
        (float, "7", 7.0),
        (float, "1e-3", 0.001),
        (str, "text", "text"),
        (str, '"text"', "text"),
        (str, '"', '"'),
        (str, '""', ""),
        (str, '"open', '"open'),
        (str, 'open"', 'open"'),
        (bool, True, True),
        *((bool, text, True) for text in ("true", "TRUE", "1", "yes", 1)),
        *((bool, text, False) for text in ("false", "False", "0", "no", 0)),
        (dict, '{"a": 1}', {"a": 1}),
        (dict, {"a": 1}, {"a": 1}),
    ],
)
def test_a_value_is_read_of_what_services_and_shells_pass(kind: type, text: Any, value: Any) -> None:
    parsed = Hyperparameter("x", kind, "", "").parse(text)
    assert parsed == value and type(parsed) is kind


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (int, "7.5", "a whole number"),
        (int, 7.5, "a whole number"),
        (int, True, "a whole number"),
        (int, None, "a whole number"),
        (float, "x", "a number"),
        (float, [], "a number"),
        (bool, "perhaps", "true or false"),
        (bool, "2", "true or false"),
        (dict, "[1]", "a JSON object"),
        (dict, "{", "a JSON object"),
        (dict, 3, "a JSON object"),
    ],
)
def test_another_kind_of_value_is_refused(kind: type, text: Any, wanted: str) -> None:
    with pytest.raises(HyperparameterError) as refused:
        Hyperparameter("x", kind, "", "").parse(text)
    assert str(refused.value) == f"x is {text!r}; it must be {wanted}"


@pytest.mark.parametrize(
    ("low", "high", "value", "wanted"),
    [(1, None, 0, "at least 1"), (None, 9, 10, "at most 9"), (1, 9, 10, "between 1 and 9"), (1, 9, 0, "between 1 and")],
)
def test_a_number_beyond_a_limit_is_refused(low: float | None, high: float | None, value: int, wanted: str) -> None:
    with pytest.raises(HyperparameterError, match=f"x is {value}; it must be {wanted}"):
        Hyperparameter("x", int, 0, "", low=low, high=high).parse(value)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (int, 7.0, "7"),
        (float, 5e-4, "0.0005"),
        (bool, True, "true"),
        (str, "Mixed Case", "Mixed Case"),
        (dict, {"b": 1, "a": [1, 2]}, '{"a":[1,2],"b":1}'),
    ],
)
def test_a_value_is_written_as_training_jobs_carry_it(kind: type, value: Any, text: str) -> None:
    assert Hyperparameter("x", kind, "", "").format(value) == text


def test_a_value_may_have_as_many_characters_as_the_service_takes() -> None:
    item = Hyperparameter("x", str, "", "")
    assert item.format("a" * 2500)
    with pytest.raises(HyperparameterError, match="x has 2501 characters; the service takes at most 2500"):
        item.format("a" * 2501)


def test_values_go_to_a_job_and_back_in_the_order_of_their_names() -> None:
    encoded = encode({"lr": 0.5, "epochs": 3, "pretrained": False})
    assert list(encoded.items()) == [("epochs", "3"), ("lr", "0.5"), ("pretrained", "false")]
    assert decode(encoded) == {"epochs": 3, "lr": 0.5, "pretrained": False}


def test_a_name_that_is_unknown_comes_with_the_choices() -> None:
    assert str(unknown("x", ["a", "b"])).startswith("x is") and str(unknown("x", ["a", "b"])).endswith("a, b")
    check_names("place", ["a"], ["a", "b"])
    with pytest.raises(HyperparameterError, match="place has no 'x'; choose from a, b"):
        check_names("place", ["a", "x"], iter(["a", "b"]))


def test_bf16_is_one_of_the_precisions_of_training() -> None:
    assert Optimization(train_precision="bf16").bf16 is True and Optimization().bf16 is False


def test_a_loss_that_is_weighted_by_class_turns_one_rule_off() -> None:
    for weighting, action in (("none", "metric"), ("sampler", "metric"), ("loss", "off")):
        settings = TrainingSettings.from_hyperparameters({"class-weighting": weighting})
        assert settings.debug.rules["class-imbalance"].action == action
    asked = {"class-weighting": "loss", "debug": {"rules": {"class-imbalance": {"action": "report"}}}}
    assert TrainingSettings.from_hyperparameters(asked).debug.rules["class-imbalance"].action == "report"


def test_help_shows_the_groups_in_this_order_under_these_headings() -> None:
    assert {name: group.title for name, group in TrainingSettings.groups().items()} == {
        "network": "network", "optimization": "optimization", "data": "images and labels",
        "head": "head on cached features", "records": "records", "artifact": "model artifact",
    }  # fmt: skip
    assert list(VALUES) == [item.name for item in HYPERPARAMETERS]
