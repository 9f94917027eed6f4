"""The training and profiler reports: correct statements about the records, complete or cut short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imgcls.contract import records, trials
from imgcls.contract.artifact import ModelCard, Preprocessing
from imgcls.reports.profiler import render_profiler_report
from imgcls.reports.training import render_training_report
from tests.imgcls.reports.pages import checked, write_records


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


@pytest.mark.parametrize("num", [2, 133])
def test_training_report_with_many_classes_and_layers(tmp_path: Path, num: int) -> None:
    names = [f"features.{index}" for index in range(17)]
    write_records(tmp_path, records.PROFILE_EXAMPLE, layers=names, num_classes=num)
    html = render_training_report(tmp_path)
    text = checked(html)
    assert f"Breed <{num - 1}>" in text and f"classes{num}" in text.replace("\n", "")
    assert "features.16, step 40: 0.25" in text and "0.25 (faint) to 1 (dark), logarithmic" in text
    assert "Zeros after ReLU" in text and "Dead channels" not in text


def test_the_rules_that_fired_come_first_with_their_moment(output_data: Path) -> None:
    text = checked(render_training_report(output_data))
    assert "kept, overfitting" in text  # in the curves, at epoch 3
    listed = text[text.index("The rules of this run") :]
    assert listed.index("overfitting") < listed.index("vanishing-gradient")


def test_training_report_with_a_head_search(output_data: Path) -> None:
    rows = [
        trials.row(1, trials.STOPPED, {"lr": 0.1, "optimizer": "sgd"}, [(4, 0.5, 1.0)], seconds=0.5, time=0.0),
        trials.row(2, trials.COMPLETED, {"lr": 0.01, "optimizer": "sgd"}, [(4, 0.6, 0.9), (12, 0.8, 0.4)],
                   seconds=1.5, time=0.0),
        trials.row(3, trials.DIVERGED, {"lr": 9.0, "optimizer": "sgd"}, [], seconds=0.5, time=0.0),
    ]  # fmt: skip
    (output_data / trials.FILE).write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = checked(render_training_report(output_data))
    assert "3 trials of the last layer in 2.5 s: 1 stopped, 1 completed, 1 diverged." in text
    listed = text[text.index("Best first") :]
    assert listed.index("completed") < listed.index("stopped") < listed.index("diverged")
    assert "optimizer" not in listed[: listed.index("Data")]  # it has the same value in all trials


def test_curves_that_were_not_measured_are_left_out(output_data: Path) -> None:
    rows = [records.row(10, epoch, 0.0, "validation:loss", 1 / epoch) for epoch in (1, 2)]
    (output_data / records.METRICS_FILE).write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = checked(render_training_report(output_data))
    assert "Cross-entropy: validation" in text and "Training speed" not in text and "Accuracy" not in text


def test_a_run_that_ended_in_its_first_epoch_shows_the_loss_of_its_steps(output_data: Path) -> None:
    (output_data / records.METRICS_FILE).write_text("")
    text = checked(render_training_report(output_data))
    assert "No epoch was finished" in text and "Loss of sampled steps" in text and "Training speed" not in text


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
    assert "Nothing slows this run down." in text and "Warning" not in text
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
                "num_steps": 400,
                "system": [
                    {"seconds": 60.0 * i, "cpu_percent": 190.0, "memory_bytes": 10**9 * (1 + i / 50)}
                    for i in range(140)
                ],
            },
            "Memory still grows in the second half of the run, by 20 MB per minute.",
        ),
        (
            {"mean_ms": {"data-wait": 1.0, "host-to-device": 5.0, "forward": 6.0, "backward": 8.0, "optimizer": 0.0}},
            "Moving images to the cpu takes 5.0 ms of every 20.0 ms step (25%).",
        ),
        (
            {"mean_ms": {"data-wait": 0.0, "forward": 30.0, "backward": 60.0, "optimizer": 0.0, "checkpoint": 10.0}},
            "Checkpoints take 10% of the training: 10.0 ms of every 100.0 ms step.",
        ),
        (
            {"system": [{"seconds": 1.0, "cpu_percent": 190.0, "disk_percent": 97.0}]},
            "The disk of the records was 97% full.",
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


def test_profiler_report_shows_operators_per_step_and_where_the_trace_is(output_data: Path) -> None:
    text = checked(render_profiler_report(output_data))
    assert "aten::mkldnn_convolution" in text and "20.10 ms" in text and "GPU per step" not in text
    assert "over 20 recorded steps" in text and records.TRACE_FILE in text
    rows = [{"name": "gemm", "calls": 40, "cpu_ms": 0.0, "gpu_ms": 80.0, "share": 1.0}]
    write_records(output_data, _profile(operators=rows, trace=None, trace_bytes=30_000_000))
    text = checked(render_profiler_report(output_data))
    assert "GPU per step" in text and "4.00 ms" in text and "The trace had 30 MB and was not kept" in text


def test_profiler_report_of_a_job_with_a_gpu_and_a_network(tmp_path: Path) -> None:
    system = [
        {
            "seconds": float(i),
            "cpu_percent": 90.0,
            "gpu_percent": 20.0,
            "gpu_memory_bytes": 5e9,
            "received_bytes": 1e6 * i,
        }
        for i in range(40)
    ]
    write_records(tmp_path, _profile(system=system), device="cuda")
    text = checked(render_profiler_report(tmp_path))
    assert "GPU utilization" in text and "Network of the machine" in text and "Files (MB/s)" not in text
    assert "Warning: The GPU computes 20% of the time." in text and "Expected gain: up to 5.0 times" in text


def test_profiler_report_without_a_step_draws_no_conclusion(tmp_path: Path) -> None:
    write_records(tmp_path, _profile(mean_ms={}, p95_ms={}, steps=[], num_steps=0))
    text = checked(render_profiler_report(tmp_path))
    assert "This run did not time any training step." in text and "Nothing slows this run down." not in text


def test_profiler_report_of_a_killed_job(tmp_path: Path) -> None:
    assert "left no profile" in checked(render_profiler_report(tmp_path))
