"""The hyperparameter `debug`: which settings change what, and what is written out again."""

from __future__ import annotations

from typing import Any

import pytest

from imgcls.contract.debugging import DebugSettings, RuleSettings
from imgcls.contract.hyperparameter import HyperparameterError
from imgcls.contract.rules import BY_NAME, RULES


def test_every_rule_is_there_as_the_table_has_it() -> None:
    settings = DebugSettings.from_dict({})
    assert settings == DebugSettings() and settings.interval == 25
    assert settings.rules == {rule.name: RuleSettings(rule.thresholds, rule.action) for rule in RULES}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"interval": 0},
        {"interval": 3, "rules": {"dead-relu": {"threshold": 0.5, "action": "stop"}}},
        {"rules": {"overfitting": {"ratio": 0}}},
        {"rules": {"dead-relu": {"action": "off"}, "overfitting": {"epochs": 9}}},
    ],
)
def test_only_what_was_changed_is_written_out(values: dict[str, Any]) -> None:
    assert DebugSettings.from_dict(values).to_dict() == values


def test_a_value_that_is_the_default_is_not_written_out() -> None:
    given = {"interval": 25, "rules": {"dead-relu": {"threshold": 0.9, "action": "metric"}}}
    assert DebugSettings.from_dict(given).to_dict() == {"rules": {"dead-relu": {}}}


@pytest.mark.parametrize("action", ["off", "report", "metric", "stop"])
def test_a_rule_does_one_of_four_things(action: str) -> None:
    settings = DebugSettings.from_dict({"rules": {"dead-relu": {"action": action}}})
    assert settings.rules["dead-relu"] == RuleSettings(BY_NAME["dead-relu"].thresholds, action)


def test_a_rule_is_taken_out_unless_it_was_changed() -> None:
    off = DebugSettings(interval=7).without("class-imbalance")
    assert off.interval == 7
    assert off.rules["class-imbalance"] == RuleSettings(BY_NAME["class-imbalance"].thresholds, "off")
    asked = DebugSettings.from_dict({"rules": {"class-imbalance": {"ratio": 2}}})
    assert asked.without("class-imbalance") == asked


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"every": 5}, "debug has no 'every'; choose from interval, rules"),
        ({"interval": 2.5}, "debug.interval is 2.5; it must be a whole number of steps"),
        ({"interval": True}, "debug.interval is True; it must be a whole number of steps"),
        ({"interval": -1}, "debug.interval is -1; it must be a whole number of steps"),
        ({"rules": ["dead-relu"]}, "debug.rules must be a JSON object"),
        ({"rules": {"dead-rely": {}}}, "debug.rules has no 'dead-rely'; choose from vanishing-gradient, "),
        ({"rules": {"dead-relu": 0.5}}, "debug.rules.dead-relu must be a JSON object with threshold or samples or act"),
        ({"rules": {"dead-relu": {"ratio": 1}}}, "debug.rules.dead-relu has no 'ratio'; choose from threshold, samp"),
        ({"rules": {"dead-relu": {"action": "mail"}}}, "action is 'mail'; it must be off or report or metric or stop"),
        ({"rules": {"non-finite-loss": {"action": "metric"}}}, "action is 'metric'; it must be stop"),
        ({"rules": {"dead-relu": {"threshold": "high"}}}, "dead-relu.threshold is 'high'; it must be a number"),
        ({"rules": {"dead-relu": {"threshold": True}}}, "dead-relu.threshold is True; it must be a number"),
        ({"rules": {"dead-relu": {"threshold": -1}}}, "dead-relu.threshold is -1; it must be a number, at least 0"),
        ({"rules": {"dead-relu": {"samples": float("inf")}}}, "dead-relu.samples is inf; it must be a number"),
    ],
)
def test_a_mistake_is_named(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HyperparameterError, match=sentence):
        DebugSettings.from_dict(values)
