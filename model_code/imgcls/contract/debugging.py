"""The hyperparameter `debug`: how often a training is sampled, and the thresholds and actions of its rules.

`{"interval": 25, "rules": {"dead-relu": {"threshold": 0.8, "action": "stop"}}}`; what it leaves out stays as
`contract.rules` has it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from imgcls.contract.hyperparameter import HyperparameterError, check_names
from imgcls.contract.rules import ACTIONS, BY_NAME, OFF, RULES, STOP, Rule

DEFAULT_INTERVAL = 25
"""Steps from one sample of tensors to the next: a sample costs about half a step, and all of them at most 3 %."""


@dataclass(frozen=True)
class RuleSettings:
    """Thresholds and action of one rule; `thresholds` are complete."""

    thresholds: Mapping[str, float]
    action: str


_DEFAULTS = {rule.name: RuleSettings(rule.thresholds, rule.action) for rule in RULES}


@dataclass(frozen=True)
class DebugSettings:
    """`interval` 0 samples no tensors; `changed` has the rules that do not stay as `contract.rules` has them."""

    interval: int = DEFAULT_INTERVAL
    changed: Mapping[str, RuleSettings] = field(default_factory=dict)

    @property
    def rules(self) -> Mapping[str, RuleSettings]:
        """Every rule."""
        return {**_DEFAULTS, **self.changed}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DebugSettings:
        """Raises HyperparameterError for a name or a value that cannot be, with the choices."""
        check_names("debug", values, ("interval", "rules"))
        interval, changes = values.get("interval", DEFAULT_INTERVAL), values.get("rules", {})
        if not isinstance(interval, int) or isinstance(interval, bool) or interval < 0:
            raise HyperparameterError(f"debug.interval is {interval!r}; it must be a whole number of steps, 0 for none")
        if not isinstance(changes, Mapping):
            raise HyperparameterError("debug.rules must be a JSON object that maps a rule to its settings")
        check_names("debug.rules", changes, BY_NAME)
        return cls(interval, {name: _rule(BY_NAME[name], changes[name]) for name in changes})

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads, without what is at its default."""
        made: dict[str, Any] = {} if self.interval == DEFAULT_INTERVAL else {"interval": self.interval}
        rules = {name: _changes(settings, _DEFAULTS[name]) for name, settings in self.changed.items()}
        return made | ({"rules": rules} if rules else {})

    def without(self, rule: str) -> DebugSettings:
        """`rule` is off, unless its settings were changed."""
        off = RuleSettings(BY_NAME[rule].thresholds, OFF)
        return replace(self, changed={rule: off, **self.changed})


def _rule(rule: Rule, changes: Any) -> RuleSettings:
    place = f"debug.rules.{rule.name}"
    names = (*rule.thresholds, "action")
    if not isinstance(changes, Mapping):
        raise HyperparameterError(f"{place} must be a JSON object with {' or '.join(names)}")
    check_names(place, changes, names)
    action = changes.get("action", rule.action)
    # After a loss that is not finite the weights are lost.
    choices = (STOP,) if rule.name == "non-finite-loss" else ACTIONS
    if action not in choices:
        raise HyperparameterError(f"{place}.action is {action!r}; it must be {' or '.join(choices)}")
    for name, value in changes.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name != "action" and not (number and 0 <= value < math.inf):
            raise HyperparameterError(f"{place}.{name} is {value!r}; it must be a number, at least 0")
    thresholds = {name: changes.get(name, value) for name, value in rule.thresholds.items()}
    return RuleSettings(thresholds, action)


def _changes(settings: RuleSettings, defaults: RuleSettings) -> dict[str, float | str]:
    made: dict[str, float | str] = {
        name: value for name, value in settings.thresholds.items() if value != defaults.thresholds[name]
    }
    return made if settings.action == defaults.action else {**made, "action": settings.action}
