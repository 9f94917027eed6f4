"""The hyperparameter `head-search`: how many trials of the last layer, over which values, and how survivors are chosen.

    {"trials": 20, "strategy": "halving", "eta": 3, "space": {"lr": [0.001, 0.1], "batch-size": [32, 64]}}

`space` changes a part of the default space: a range as [low, high], the values of a choice as a list, and a range that
depends on the optimizer as {"sgd": [low, high], "adamw": [low, high]}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from imgcls.contract.hyperparameter import HyperparameterError, check_names
from imgcls.contract.optimization import Optimization

STRATEGIES = ("halving", "random")
LOGARITHMIC = ("lr", "weight-decay")
RANGES = (*LOGARITHMIC, "label-smoothing", "epochs")
CHOICES = ("batch-size", "optimizer")
DEFAULT_SPACE: Mapping[str, Any] = {
    # A small step for one of them is far too large for the other.
    "lr": {"sgd": (0.003, 1.0), "adamw": (1e-4, 0.03)},
    "weight-decay": (1e-6, 1e-2),
    "label-smoothing": (0.0, 0.2),
    "batch-size": (32, 64, 128),
    "optimizer": ("sgd", "adamw"),
}
_HYPERPARAMETERS = {item.name: item for item in Optimization.hyperparameters()}


@dataclass(frozen=True)
class HeadSearch:
    """`halving` gives every trial a few epochs and continues with the best 1 / `eta` of them, repeatedly; `random`
    gives every trial all its epochs. The `epochs` hyperparameter is the most that a trial gets.
    """

    trials: int = 20
    strategy: str = "halving"
    eta: int = 3
    space: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULT_SPACE))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> HeadSearch:
        """Raises HyperparameterError naming the field."""
        check_names("head-search", value, [item.name for item in fields(cls)])
        made = cls(**{**value, "space": {**DEFAULT_SPACE, **_space(value.get("space", {}))}})
        for name, low, high in (("trials", 2, 1000), ("eta", 2, 10)):
            number = getattr(made, name)
            if type(number) is not int or not low <= number <= high:
                raise HyperparameterError(f"head-search.{name} is {number!r}; it must be between {low} and {high}")
        if made.strategy not in STRATEGIES:
            raise HyperparameterError(
                f"head-search.strategy is {made.strategy!r}; it must be one of {', '.join(STRATEGIES)}"
            )
        if made.strategy == "halving" and "epochs" in made.space:
            raise HyperparameterError(
                "head-search: halving chooses the epochs itself: take epochs out of the space, or use random"
            )
        return made

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads. Of the space only what is not the default."""
        made = {"trials": self.trials, "strategy": self.strategy, "eta": self.eta}
        space = {name: tried for name, tried in self.space.items() if tried != DEFAULT_SPACE.get(name)}
        return {**made, "space": json.loads(json.dumps(space))} if space else made


def _space(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise HyperparameterError(f"head-search.space is {given!r}; it must map hyperparameters to what is tried")
    return {name: _values(name, value) for name, value in given.items()}


def _values(name: str, value: Any) -> Any:
    where = f"head-search.space.{name}"
    if name not in RANGES + CHOICES:
        raise HyperparameterError(f"{where} cannot be searched here; choose from {', '.join(RANGES + CHOICES)}")
    if name == "lr" and isinstance(value, Mapping):
        if set(value) != {"sgd", "adamw"}:
            raise HyperparameterError(f"{where} must have a range for sgd and one for adamw")
        return {optimizer: _values("lr", part) for optimizer, part in value.items()}
    if not isinstance(value, list | tuple) or not value:
        raise HyperparameterError(f"{where} is {value!r}; it must be a list")
    parsed = tuple(_HYPERPARAMETERS[name].parse(item) for item in value)
    return parsed if name in CHOICES else _range(where, name, parsed)


def _range(where: str, name: str, limits: tuple[Any, ...]) -> tuple[float, float]:
    if len(limits) != 2 or limits[0] > limits[1]:
        raise HyperparameterError(f"{where} is {list(limits)!r}; it must be [low, high]")
    if name in LOGARITHMIC and limits[0] <= 0:
        raise HyperparameterError(f"{where} is tried over orders of magnitude: low must be above 0")
    return limits
