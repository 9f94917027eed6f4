"""Records: complete after success and after a failure, and JSON whatever the values are."""

import json
import time

import pytest

from imgcls.contract import records
from imgcls.profiling.start import process_started
from imgcls.recording import Recorder


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


def test_a_run_without_a_step_has_a_profile(tmp_path):
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


def test_the_process_began_before_now_and_not_long_ago():
    assert 0 < time.time() - process_started() < 24 * 3600
