"""Rows of a training's records, and the files that they are in."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from imgcls.contract import records, trials


def test_the_files_have_these_names() -> None:
    assert (records.METRICS_FILE, records.DEBUG_FILE, records.PROFILE_FILE, records.ENVIRONMENT_FILE) == (
        "metrics.jsonl", "debug.jsonl", "profile.json", "environment.json",
    )  # fmt: skip
    # What the service packs an output directory into, and what TensorBoard's plugin looks for.
    assert (records.OUTPUT_ARCHIVE, records.TRACE_FILE) == ("output.tar.gz", "profiler/train.pt.trace.json.gz")
    assert trials.FILE == "trials.jsonl"


def test_the_rows_have_these_names() -> None:
    """Reports of a newer version read the records of older trainings."""
    assert (records.GRADIENT_NORM, records.GRADIENT_RATIO, records.UPDATE_RATIO) == (
        "gradient-norm", "gradient-ratio", "update-ratio",
    )  # fmt: skip
    assert (records.WEIGHT_NORM, records.WEIGHT_STD) == ("weight-norm", "weight-std")
    assert (records.ACTIVATION_MEAN, records.ACTIVATION_STD) == ("activation-mean", "activation-std")
    assert (records.ZERO_FRACTION, records.DEAD_FRACTION, records.SATURATED_FRACTION) == (
        "zero-fraction", "dead-fraction", "saturated-fraction",
    )  # fmt: skip
    assert (records.LOSS, records.LEARNING_RATE, records.LABEL_COUNT) == ("loss", "learning-rate", "label-count")
    assert (records.INPUT_MEAN, records.INPUT_STD, records.INPUT_MIN) == ("input-mean", "input-std", "input-min")
    assert (records.NETWORK, records.INPUT) == ("network", "input")
    assert (records.ERROR, records.WARNING) == ("error", "warning")


def test_a_row_has_a_layer_only_where_it_belongs_to_one() -> None:
    row = records.row(3, 1, 1795190400.12345, "loss", 0.5)
    assert row == {"step": 3, "epoch": 1, "time": 1795190400.123, "name": "loss", "value": 0.5}
    assert records.row(3, 1, 0.0, "loss", 0.5, "network")["layer"] == "network"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_json_does_not_have_is_null(value: float) -> None:
    assert records.row(0, 0, 0.0, "loss", value)["value"] is None


def test_a_finding_is_a_row_with_severity_and_action() -> None:
    assert records.finding({"name": "dead-relu"}, "warning", "lower lr") == {
        "name": "dead-relu", "severity": "warning", "action": "lower lr",
    }  # fmt: skip


def test_a_line_that_was_not_finished_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n{"st')
    assert list(records.read_rows(path)) == [{"step": 1}, {"step": 2}]
    path.write_text('{"step": 1}\n')
    assert list(records.read_rows(path)) == [{"step": 1}]


def test_a_trial_counts_by_its_last_rung() -> None:
    row = trials.row(2, trials.STOPPED, {"lr": 0.1}, [(4, 0.5, 1.2), (8, 0.6, 1.1)], seconds=0.81239, time=5.00049)
    assert row == {
        "trial": 2,
        "state": "stopped",
        "values": {"lr": 0.1},
        "objective": "validation:accuracy",
        "rungs": [{"epochs": 4, "value": 0.5, "loss": 1.2}, {"epochs": 8, "value": 0.6, "loss": 1.1}],
        "value": 0.6,
        "seconds": 0.8124,
        "time": 5.0,
    }
    assert trials.row(1, trials.DIVERGED, {}, [], seconds=0, time=0)["value"] is None
    assert json.dumps(row)


def test_a_trial_is_in_one_of_four_states() -> None:
    assert (trials.RUNNING, trials.STOPPED, trials.COMPLETED, trials.DIVERGED) == (
        "running", "stopped", "completed", "diverged",
    )  # fmt: skip
