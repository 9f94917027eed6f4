"""Records: complete after success and after a failure, and valid JSON for any values."""

import json
import time

import pytest
import torch

from imgcls.contract import records
from imgcls.contract.profiling import ProfileSettings
from imgcls.profiling.recording import Recorder
from imgcls.profiling.start import process_started


def read(folder, name):
    return json.loads((folder / name).read_text())


def test_the_files_are_complete_after_a_failure(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        Recorder(tmp_path, started=time.time(), sample_seconds=0.02) as recorder,
    ):
        recorder.environment(labels=("a", "b"))
        recorder.metrics({"train:loss": float("nan"), "train:accuracy": 0.5}, step=3, epoch=1)
        recorder.debug(records.GRADIENT_NORM, {"conv": 1.5}, step=3, epoch=1)
        with recorder.timed("epoch-1"):
            for step in range(1, 4):
                recorder.num_steps += 1
                recorder.step(step, 1, (0.001, 0.0, 0.002, 0.003, 0.004))
            time.sleep(0.1)
        raise ZeroDivisionError("boom")
    rows = list(records.read_rows(tmp_path / records.METRICS_FILE))
    assert [(row["name"], row["value"]) for row in rows] == [("train:loss", None), ("train:accuracy", 0.5)]
    assert next(records.read_rows(tmp_path / records.DEBUG_FILE))["layer"] == "conv"
    environment = read(tmp_path, records.ENVIRONMENT_FILE)
    assert environment["outcome"] == "failed" and environment["reason"] == "ZeroDivisionError: boom"
    profile = read(tmp_path, records.PROFILE_FILE)
    assert profile["num_steps"] == 3 and profile["mean_ms"]["backward"] == pytest.approx(3)
    assert set(profile) <= set(records.PROFILE_EXAMPLE)
    phases = {phase["name"]: phase["seconds"] for phase in profile["phases"]}
    assert phases["first-batch"] == pytest.approx(0.01) and 0.08 < phases["epoch-1"] < 0.3
    assert profile["system"] and set(profile["system"][0]) == set(records.PROFILE_EXAMPLE["system"][0])


def test_a_run_without_steps_has_a_profile(tmp_path):
    with Recorder(tmp_path, started=time.time()):
        pass
    assert read(tmp_path, records.PROFILE_FILE)["num_steps"] == 0
    assert read(tmp_path, records.ENVIRONMENT_FILE)["outcome"] == "completed"


def test_long_runs_are_thinned_out(tmp_path):
    with Recorder(tmp_path, started=time.time()) as recorder:
        for step in range(2500):
            recorder.num_steps += 1
            recorder.step(step, 1, (0.0, 0.0, 0.0, 0.0, 0.0))
    profile = read(tmp_path, records.PROFILE_FILE)
    assert profile["num_steps"] == 2500 and len(profile["steps"]) <= 1000


def test_a_row_that_a_killed_job_left_unfinished_is_skipped(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"step": 1}\n{"step": 2, "na')
    assert list(records.read_rows(tmp_path / "x.jsonl")) == [{"step": 1}]


def test_the_process_began_a_short_time_ago():
    assert 0 < time.time() - process_started() < 24 * 3600


def test_operators_are_kept_when_a_step_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), Recorder(tmp_path, started=time.time()) as recorder:
        recorder.profile(ProfileSettings(steps=6, wait=0, warmup=1, active=5))
        for number, (_, waited) in enumerate(recorder.steps(range(10))):
            assert waited < 1
            torch.ones(4, 4) @ torch.ones(4, 4)
            if number == 3:
                raise ZeroDivisionError("boom")
    profile = read(tmp_path, records.PROFILE_FILE)
    assert profile["num_steps"] == 3 and profile["operator_steps"] == 2
    calls = {row["name"]: row["calls"] for row in profile["operators"]}
    assert calls["aten::mm"] == 3  # including the failing step's
    assert (tmp_path / profile["trace"]).stat().st_size == profile["trace_bytes"]


def test_means_leave_out_watched_steps_and_spread_checkpoints_over_all_steps(tmp_path):
    with Recorder(tmp_path, started=time.time()) as recorder:
        recorder.profile(ProfileSettings(steps=4, wait=2, warmup=0, active=2))
        for step, _ in recorder.steps(range(1, 5)):
            recorder.step(step, 1, (0.0, 0.0, 0.001 * step, 0.0, 0.0))
        with recorder.timed("checkpoint-4"):
            time.sleep(0.04)
    means = read(tmp_path, records.PROFILE_FILE)["mean_ms"]
    assert means["forward"] == pytest.approx(2)  # step 2: the first is not typical, 3 and 4 are watched
    assert means["checkpoint"] == pytest.approx(10, rel=0.5)
