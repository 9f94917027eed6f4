"""Metric names and rules: what training prints is what jobs, alarms and charts look for."""

from __future__ import annotations

import re

import pytest
import re2

from imgcls.contract import metrics, rules

# Name -> unit and which direction is better. A renamed metric leaves an alarm or a chart empty, without an error.
TRAINING = {
    "train:loss": ("nats", "Minimize"),
    "train:accuracy": ("ratio", "Maximize"),
    "validation:loss": ("nats", "Minimize"),
    "validation:accuracy": ("ratio", "Maximize"),
    "train:learning-rate": ("1", None),
    "train:images-per-second": ("1/s", "Maximize"),
    "train:data-wait-ratio": ("ratio", "Minimize"),
    "train:epoch": ("1", None),
    "best:validation-accuracy": ("ratio", "Maximize"),
    "best:epoch": ("1", None),
}
# Rule -> severity and action where they are not the usual ones.
RULES = {"exploding-tensor": ("error", "metric"), "non-finite-loss": ("error", "stop")}


def test_the_metrics_are_these() -> None:
    assert {item.name: (item.unit, item.goal) for item in metrics.METRICS} == TRAINING | {
        f"debug:{rule.name}": ("1", "Minimize") for rule in rules.RULES
    }
    assert tuple(item.name for item in metrics.METRICS) == metrics.NAMES
    assert metrics.OBJECTIVE == "validation:accuracy"


def test_findings_are_sent_on_under_these_names() -> None:
    assert (metrics.NAMESPACE, metrics.FINDINGS) == ("Kennel/Training", "Findings")
    assert (metrics.ENVIRONMENT, metrics.RULE, metrics.ABOUT) == ("Environment", "Rule", "About")


def test_only_what_loses_the_weights_is_an_error_and_only_a_loss_that_is_not_finite_stops() -> None:
    assert {rule.name: (rule.severity, rule.action) for rule in rules.RULES} == {
        rule.name: RULES.get(rule.name, ("warning", "metric")) for rule in rules.RULES
    }
    assert (rules.OFF, rules.REPORT, rules.METRIC, rules.STOP) == ("off", "report", "metric", "stop")
    assert rules.ACTIONS == ("off", "report", "metric", "stop")
    assert {rule.name: rule for rule in rules.RULES} == rules.BY_NAME


def test_a_job_finds_each_metric_in_the_line_that_training_prints() -> None:
    values = {"train:loss": 0.693147, "validation:accuracy": 0.5, "train:epoch": 3.0}
    line = metrics.line(values)
    assert line == "train:loss=0.693147; validation:accuracy=0.5; train:epoch=3;"
    assert list(metrics.parse(f"10:31 {line} done")) == list(values.items())
    definitions = {item["Name"]: item["Regex"] for item in metrics.definitions()}
    assert list(definitions) == list(metrics.NAMES)
    for name, value in values.items():
        assert [float(text) for text in re.findall(definitions[name], line)] == [value]


def test_re2_finds_the_values_too() -> None:
    line = metrics.line({name: index + 0.5 for index, name in enumerate(metrics.NAMES)})
    for index, definition in enumerate(metrics.definitions()):
        assert re.fullmatch(r"[a-z:-]+", definition["Name"])  # nothing in a name needs an escape
        assert len(definition["Regex"]) <= 500
        assert [match[1] for match in re2.finditer(definition["Regex"], line)] == [f"{index + 0.5:g}"]
        assert re2.search(definition["Regex"], f"x {definition['Name']}=-1e-07; y")[1] == "-1e-07"


def test_a_name_that_ends_another_name_is_not_found_in_it() -> None:
    loss = metrics.Metric("loss", "nats", "")
    line = "validation:loss=1; train-loss=2; loss=3; closs=4;"
    for finditer in (re.finditer, re2.finditer):
        assert [match[1] for match in finditer(loss.regex, line)] == ["3"]
        assert [match[1] for match in finditer(loss.regex, "loss=5; loss=6;\nloss=7;")] == ["5", "6", "7"]


def test_no_metric_is_found_in_another_ones_name() -> None:
    assert list(metrics.parse("pretrain:loss=1; re-train:loss=2; a:train:loss=3; train:loss=4; train:loss=5")) == [
        ("train:loss", 4.0)
    ]


@pytest.mark.parametrize(("value", "text"), [(1e-7, "1e-07"), (float("nan"), "nan"), (float("-inf"), "-inf")])
def test_odd_numbers_are_found_too(value: float, text: str) -> None:
    line = metrics.line({"train:loss": value})
    assert line == f"train:loss={text};"
    ((name, found),) = metrics.parse(line)
    assert name == "train:loss" and repr(found) == repr(value)


def test_a_metric_that_no_job_would_pick_up_is_not_printed() -> None:
    with pytest.raises(KeyError, match=r"test:loss is not a metric of imgcls.contract.metrics"):
        metrics.line({"test:loss": 1.0})
