"""The hyperparameter `head-search`: what may be searched, over what, and the sentence for each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from imgcls.contract.head_search import HeadSearch
from imgcls.contract.hyperparameter import HyperparameterError

SPACE = {
    "lr": {"sgd": (0.003, 1.0), "adamw": (0.0001, 0.03)},
    "weight-decay": (0.000001, 0.01),
    "label-smoothing": (0.0, 0.2),
    "batch-size": (32, 64, 128),
    "optimizer": ("sgd", "adamw"),
}


def test_the_defaults_are_these() -> None:
    assert HeadSearch.from_dict({}) == HeadSearch(20, "halving", 3, SPACE) == HeadSearch()
    assert HeadSearch().to_dict() == {"trials": 20, "strategy": "halving", "eta": 3}


@pytest.mark.parametrize(
    "space",
    [
        {"lr": [0.01, 0.1]},
        {"lr": {"sgd": [0.01, 0.1], "adamw": [0.001, 0.001]}},
        {"weight-decay": [0.001, 0.1]},
        {"label-smoothing": [0, 0]},
        {"batch-size": [8]},
        {"optimizer": ["adamw"]},
    ],
)
def test_a_part_of_the_space_is_changed(space: dict[str, Any]) -> None:
    made = HeadSearch.from_dict({"space": space})
    (name,) = space
    assert {key: value for key, value in made.space.items() if key != name} == {
        key: value for key, value in SPACE.items() if key != name
    }
    assert made.to_dict()["space"] == space and HeadSearch.from_dict(made.to_dict()) == made


def test_values_at_their_limits_are_taken() -> None:
    for values in ({"trials": 2}, {"trials": 1000}, {"eta": 2}, {"eta": 10}, {"strategy": "random"}):
        assert HeadSearch.from_dict(values).to_dict().items() >= values.items()
    assert HeadSearch.from_dict({"strategy": "random", "space": {"epochs": [1, 3]}}).space["epochs"] == (1, 3)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"trial": 3}, "head-search has no 'trial'; choose from trials, strategy, eta, space"),
        ({"trials": 1}, "head-search.trials is 1; it must be between 2 and 1000"),
        ({"trials": 1001}, "head-search.trials is 1001; it must be between 2 and 1000"),
        ({"trials": True}, "head-search.trials is True; it must be between 2 and 1000"),
        ({"eta": 1}, "head-search.eta is 1; it must be between 2 and 10"),
        ({"eta": 11}, "head-search.eta is 11; it must be between 2 and 10"),
        ({"eta": 3.0}, "head-search.eta is 3.0; it must be between 2 and 10"),
        ({"strategy": "grid"}, "head-search.strategy is 'grid'; it must be one of halving, random"),
        ({"space": {"epochs": [1, 3]}}, "take epochs out of the space, or use random"),
        ({"space": []}, r"head-search.space is \[\]; it must map hyperparameters to what is tried"),
        ({"space": {"seed": [1]}}, "space.seed cannot be searched here; choose from lr, weight-decay, label-smoothing, "
         "epochs, batch-size, optimizer"),
        ({"space": {"lr": {"sgd": [0.1, 1]}}}, "space.lr must have a range for sgd and one for adamw"),
        ({"space": {"weight-decay": {"sgd": [0.1, 1], "adamw": [0.1, 1]}}}, "space.weight-decay is .*must be a list"),
        ({"space": {"lr": 0.1}}, "space.lr is 0.1; it must be a list"),
        ({"space": {"batch-size": []}}, r"space.batch-size is \[\]; it must be a list"),
        ({"space": {"batch-size": [0]}}, "batch-size is 0; it must be between 1 and"),
        ({"space": {"lr": [0.1]}}, r"space.lr is \[0.1\]; it must be \[low, high\]"),
        ({"space": {"lr": [0.1, 0.2, 0.3]}}, r"it must be \[low, high\]"),
        ({"space": {"label-smoothing": [0.2, 0.1]}}, r"space.label-smoothing is .*; it must be \[low, high\]"),
        ({"space": {"weight-decay": [0, 0.1]}}, "space.weight-decay .*: low must be above 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(value: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HyperparameterError, match=sentence):
        HeadSearch.from_dict(value)
