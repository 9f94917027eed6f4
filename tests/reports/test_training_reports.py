"""The training and profiler reports: their words are right about the records, whole or cut short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imgcls.contract import records
from imgcls.contract.artifact import ModelCard, Preprocessing
from imgcls.reports.profiler import render_profiler_report
from imgcls.reports.training import render_training_report
from tests.reports.pages import checked, write_records


@pytest.fixture
def output_data(tmp_path: Path) -> Path:
    write_records(tmp_path, records.PROFILE_EXAMPLE)
    return tmp_path


def test_training_report(output_data: Path) -> None:
    card = ModelCard("dogs", "resnet18", ("a", "b"), Preprocessing(), version="20261120T132415Z-1a2b3c4d")
    text = checked(render_training_report(output_data, card))
    assert "Training report: dogs" in text and "20261120T132415Z-1a2b3c4d" in text
    assert "60.0%" in text and "4 of 4" in text
    assert "Warning: overfitting" in text and "In epoch 3 at step 30. What to do: train fewer epochs." in text
    assert "Cross-entropy" in text and "Gradient norm" in text and "<fc>" in text


def test_training_report_of_a_job_that_failed_at_once(tmp_path: Path) -> None:
    assert "No epoch was finished" in checked(render_training_report(tmp_path))
    (tmp_path / records.ENVIRONMENT_FILE).write_text(json.dumps({"outcome": "failed", "reason": "DataError: <empty>"}))
    assert "Error: The job failed: DataError: <empty>" in checked(render_training_report(tmp_path))


def test_training_report_skips_a_line_that_was_cut_off(output_data: Path) -> None:
    with (output_data / records.METRICS_FILE).open("a") as file:
        file.write('{"step": 50, "ep')
    assert "4 epochs" in checked(render_training_report(output_data))


def _profile(**changes: Any) -> dict[str, Any]:
    return {**records.PROFILE_EXAMPLE, **changes}


def test_profiler_report_of_a_healthy_run(output_data: Path) -> None:
    text = checked(render_profiler_report(output_data))
    assert "Nothing holds this run up." in text and "Warning" not in text
    assert "61.1 ms" in text


def test_profiler_report_says_how_long_a_slow_loader_makes_the_network_wait(tmp_path: Path) -> None:
    waits = {"data-wait": 50.0, "forward": 20.0, "backward": 28.0, "optimizer": 2.0}
    write_records(tmp_path, _profile(mean_ms=waits))
    text = checked(render_profiler_report(tmp_path))
    assert "Warning: The network waits 50.0 ms of every 100.0 ms step (50%) for images." in text
    assert "num-workers 2" in text and "Expected gain: up to 2.0 times faster epochs." in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phases": [{"name": "launch", "seconds": 40.0}], "seconds": 60.0}, "Start-up takes 40 s, 40% of the job."),
        (
            {"mean_ms": {"data-wait": 0.0, "forward": 3.0, "backward": 3.0, "optimizer": 4.0}},
            "The optimizer takes 40% of every step.",
        ),
        (
            {"system": [{"seconds": float(i), "cpu_percent": 50.0, "memory_bytes": 10**9} for i in range(40)]},
            "Training keeps the 2 cores busy 25% of the time.",
        ),
        (
            {
                "system": [
                    {"seconds": 60.0 * i, "cpu_percent": 190.0, "memory_bytes": 10**9 * (1 + i / 50)} for i in range(60)
                ]
            },
            "Memory still grows in the second half of the run, by 14 MB a minute.",
        ),
        (
            {"p95_ms": {"data-wait": 1.0, "forward": 150.0, "backward": 100.0, "optimizer": 2.0}},
            "One step in twenty takes 253 ms or more, 4.1 times the mean.",
        ),
    ],
)
def test_profiler_findings(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    write_records(tmp_path, _profile(**changes))
    assert f"Warning: {sentence}" in checked(render_profiler_report(tmp_path))


def test_profiler_report_of_a_killed_job(tmp_path: Path) -> None:
    assert "left no profile" in checked(render_profiler_report(tmp_path))
