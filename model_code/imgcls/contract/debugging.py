"""The hyperparameter `debug`: how often to look at a training, and what its rules go by.

`{"interval": 25, "rules": {"dead-relu": {"threshold": 0.8, "action": "stop"}}}`; what it leaves out stays as
`contract.rules` has it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imgcls.contract.hyperparameters import HyperparameterError
from imgcls.contract.rules import ACTIONS, BY_NAME, OFF, RULES, STOP, Rule

DEFAULT_INTERVAL = 25
"""Steps from one sample of tensors to the next: a sample costs about half a step, and all of them at most 3 %."""


@dataclass(frozen=True)
class RuleSettings:
    """What one rule goes by; `thresholds` are complete."""

    thresholds: Mapping[str, float]
    action: str


def _defaults() -> dict[str, RuleSettings]:
    return {rule.name: RuleSettings(rule.thresholds, rule.action) for rule in RULES}


@dataclass(frozen=True)
class DebugSettings:
    """`interval` 0 looks at no tensors; `rules` holds every rule."""

    interval: int = DEFAULT_INTERVAL
    rules: Mapping[str, RuleSettings] = field(default_factory=_defaults)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DebugSettings:
        """Raises HyperparameterError for a name or a value that is none, with the choices."""
        _check_names("debug", values, ("interval", "rules"))
        interval, changes = values.get("interval", DEFAULT_INTERVAL), values.get("rules", {})
        if not isinstance(interval, int) or isinstance(interval, bool) or interval < 0:
            raise HyperparameterError(f"debug.interval is {interval!r}; it must be a whole number of steps, 0 for none")
        if not isinstance(changes, Mapping):
            raise HyperparameterError("debug.rules must be a JSON object that maps a rule to its settings")
        _check_names("debug.rules", changes, tuple(BY_NAME))
        return cls(interval, _defaults() | {name: _rule(BY_NAME[name], changes[name]) for name in changes})

    @classmethod
    def from_hyperparameters(cls, values: Mapping[str, Any]) -> DebugSettings:
        """Those of a job. A loss that is weighted by class wants batches as they are: class-imbalance is off then."""
        debug = values["debug"]
        settings = cls.from_dict(debug)
        if values["class-weighting"] == "loss" and "class-imbalance" not in debug.get("rules", {}):
            off = RuleSettings(BY_NAME["class-imbalance"].thresholds, OFF)
            return cls(settings.interval, {**settings.rules, "class-imbalance": off})
        return settings


def _rule(rule: Rule, changes: Any) -> RuleSettings:
    place = f"debug.rules.{rule.name}"
    names = (*rule.thresholds, "action")
    if not isinstance(changes, Mapping):
        raise HyperparameterError(f"{place} must be a JSON object with {' or '.join(names)}")
    _check_names(place, changes, names)
    action = changes.get("action", rule.action)
    # No weights are left to go on with when the loss is not finite.
    choices = (STOP,) if rule.name == "non-finite-loss" else ACTIONS
    if action not in choices:
        raise HyperparameterError(f"{place}.action is {action!r}; it must be {' or '.join(choices)}")
    for name, value in changes.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name != "action" and not (number and 0 <= value < math.inf):
            raise HyperparameterError(f"{place}.{name} is {value!r}; it must be a number, at least 0")
    thresholds = {name: changes.get(name, value) for name, value in rule.thresholds.items()}
    return RuleSettings(thresholds, action)


def _check_names(place: str, values: Mapping[str, Any], choices: tuple[str, ...]) -> None:
    for name in values:
        if name not in choices:
            raise HyperparameterError(f"{place} has no {name!r}; choose from {', '.join(choices)}")
