"""The hyperparameter `debug`: what it changes, and what is refused."""

from dataclasses import fields

import pytest

import config
from config.models import ModelSpec
from imgcls.contract import metrics
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.hyperparameters import HyperparameterError
from imgcls.contract.rules import RULES
from imgcls.contract.training_settings import TrainingSettings
from imgcls.debug.rules import CHECKS, make_checks


def test_what_is_left_out_keeps_its_default():
    settings = DebugSettings.from_dict({"rules": {"dead-relu": {"threshold": 0.5, "action": "stop"}}})
    assert settings.interval == 25
    assert settings.rules["dead-relu"].thresholds == {"threshold": 0.5, "samples": 2}
    assert settings.rules["dead-relu"].action == "stop"
    assert settings.rules["overfitting"] == DebugSettings().rules["overfitting"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"every": 5}, "debug has no 'every'; choose from interval, rules"),
        ({"interval": 2.5}, "a whole number of steps, 0 for none"),
        ({"rules": {"dead-rely": {}}}, "no 'dead-rely'; choose from vanishing-gradient, .*dead-relu"),
        ({"rules": {"dead-relu": {"treshold": 1}}}, "no 'treshold'; choose from threshold, samples, action"),
        ({"rules": {"dead-relu": {"threshold": "high"}}}, "threshold is 'high'; it must be a number"),
        ({"rules": {"dead-relu": {"threshold": -1}}}, "at least 0"),
        ({"rules": {"dead-relu": {"action": "mail"}}}, "must be off or report or metric or stop"),
        ({"rules": {"dead-relu": 0.5}}, "must be a JSON object with threshold or samples or action"),
        ({"rules": ["dead-relu"]}, "debug.rules must be a JSON object"),
        ({"rules": {"non-finite-loss": {"action": "off"}}}, "must be stop"),
    ],
)
def test_a_mistake_is_named_with_the_choices(values, message):
    with pytest.raises(HyperparameterError, match=message):
        DebugSettings.from_dict(values)


def test_a_weighted_loss_turns_class_imbalance_off():
    def action(weighting, debug):
        settings = TrainingSettings.from_hyperparameters({"class-weighting": weighting, "debug": debug})
        return settings.debug.rules["class-imbalance"].action

    assert action("none", {}) == "metric" and action("loss", {}) == "off"
    assert action("loss", {"rules": {"class-imbalance": {"action": "report"}}}) == "report"


def test_every_rule_of_the_contract_is_a_class_with_its_thresholds():
    assert [check.name for check in CHECKS] == [rule.name for rule in RULES]
    for check, rule in zip(CHECKS, RULES, strict=True):
        assert {item.name for item in fields(check)} == set(rule.thresholds), rule.name
        for threshold in rule.thresholds:
            assert f"`{threshold}`" in rule.help, f"{rule.name} does not say what {threshold} is"


def test_a_rule_that_is_off_is_not_made():
    off = DebugSettings.from_dict({"rules": {"dead-relu": {"action": "off"}}})
    assert "dead-relu" not in [check.name for check in make_checks(off.rules)]


def test_a_job_carries_every_rule_as_a_metric():
    """CreateTrainingJob takes 40 definitions."""
    assert {rule.metric for rule in RULES} < set(metrics.NAMES) and len(metrics.definitions()) <= 40


def test_the_configuration_refuses_a_wrong_setting():
    values = {
        **config.load("dev").model("cat-dog-classifier").model_dump(),
        "hyperparameters": {"debug": {"rules": {"overfitting": {"ratios": 2}}}},
    }
    with pytest.raises(ValueError, match=r"debug.rules.overfitting has no 'ratios'; choose from epochs, ratio, action"):
        ModelSpec.model_validate(values)
