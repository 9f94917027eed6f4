"""What torch.profiler records of training steps: which steps, which operators, and one trace of limited size."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from imgcls.contract import records
from imgcls.contract.profiling import ProfileSettings
from imgcls.profiling.operator_table import OperatorTable
from imgcls.profiling.operators import OperatorProfiler

MATRIX = torch.ones(8, 8)


def run(profiler, epochs, steps, batch=lambda: MATRIX @ MATRIX):
    """`epochs` of `steps` steps of one matrix product each, and a sort between epochs. Returns which steps were on."""
    seen = []
    for _ in range(epochs):
        for _ in range(steps):
            profiler.begin()
            with profiler.data_wait():
                pass
            batch()
            seen.append(profiler.is_on)
            profiler.end()
        profiler.pause()
        torch.sort(MATRIX)
    return seen


def rows(profiler):
    return {row["name"]: row for row in profiler.summary()["operators"]}


def test_only_the_active_steps_are_recorded(tmp_path):
    profiler = OperatorProfiler(ProfileSettings(steps=12, wait=2, warmup=1, active=3), tmp_path)
    seen = run(profiler, 1, 20)
    assert seen == 2 * ([False] * 2 + [True] * 4) + [False] * 8
    assert profiler.num_steps == 6 and profiler.summary()["operator_steps"] == 6
    assert rows(profiler)["aten::mm"]["calls"] == 6
    assert 0 < rows(profiler)["aten::mm"]["share"] <= 1


def test_a_cycle_continues_after_a_pause_without_what_happened_in_it(tmp_path):
    profiler = OperatorProfiler(ProfileSettings(steps=9, wait=2, warmup=1, active=6), tmp_path)
    run(profiler, 5, 2)
    assert rows(profiler)["aten::mm"]["calls"] == 6
    assert "aten::sort" not in rows(profiler)


def test_a_window_too_short_for_a_cycle_and_a_profiler_that_is_off_record_nothing(tmp_path):
    for settings in (ProfileSettings(steps=11), ProfileSettings(enabled=False)):
        profiler = OperatorProfiler(settings, tmp_path)
        assert not any(run(profiler, 1, 15))
        assert profiler.summary() == {}
    assert not list(tmp_path.iterdir())


def test_the_trace_opens_in_chrome_and_tensorboard(tmp_path):
    profiler = OperatorProfiler(ProfileSettings(steps=3, wait=0, warmup=1, active=2), tmp_path)
    run(profiler, 1, 3)
    summary = profiler.summary()
    assert summary["trace"] == records.TRACE_FILE
    trace = json.loads(gzip.decompress((tmp_path / records.TRACE_FILE).read_bytes()))
    names = {event.get("name") for event in trace["traceEvents"]}
    assert {"ProfilerStep#2", "ProfilerStep#3", "data-wait", "aten::mm"} <= names
    assert "ProfilerStep#1" not in names


def test_a_trace_that_is_too_large_is_not_kept(tmp_path):
    profiler = OperatorProfiler(ProfileSettings(steps=2, wait=0, warmup=1, active=1, trace_mb=0), tmp_path)
    run(profiler, 1, 2)
    assert profiler.summary()["trace"] is None and profiler.summary()["trace_bytes"] > 0
    assert not list(tmp_path.rglob("*.gz"))


def test_self_times_are_those_of_torch():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU())
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        network(torch.ones(2, 3, 8, 8)).sum().backward()
    table = OperatorTable()
    table.add(recorded.profiler.kineto_results.events())
    ours = {row["name"]: row["cpu_ms"] for row in table.rows()}
    theirs = {item.key: item.self_cpu_time_total / 1000 for item in recorded.key_averages()}
    assert len(ours) > 10
    assert ours == pytest.approx({name: theirs[name] for name in ours}, abs=0.002)


def test_the_log_stays_clean(tmp_path):
    """Kineto writes to the process's stderr directly, so the test needs a process of its own."""
    code = (
        "import torch; from pathlib import Path; from imgcls.profiling.operators import OperatorProfiler as P\n"
        "from imgcls.contract.profiling import ProfileSettings as S\n"
        f"p = P(S(steps=3, wait=0, warmup=1, active=1), Path({str(tmp_path)!r}))\n"
        "for _ in range(3): p.begin(); torch.ones(2).sum(); p.end()\n"
        "p.pause(); assert p.num_steps == 1"
    )
    root = Path(__file__).parents[3] / "model_code"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert (done.stdout, done.stderr) == ("", "")
