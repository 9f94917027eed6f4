"""Samples of the machine, and the time before a job's first line."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from imgcls.contract import records
from imgcls.profiling.machine import MachineSampler
from imgcls.profiling.start import SUBMITTED, seconds_before


def test_a_row_an_interval_that_counts_what_happened(tmp_path):
    sampler = MachineSampler(time.time(), 0.05, tmp_path)
    sampler.start()
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    deadline = time.time() + 10
    while len(sampler.samples) < 3 and time.time() < deadline:
        time.sleep(0.01)
    sampler.stop()
    count = len(sampler.samples)
    time.sleep(0.12)
    assert len(sampler.samples) == count >= 3
    network = {"received_bytes", "sent_bytes"}
    assert set(sampler.samples[0]) | network == set(records.PROFILE_EXAMPLE["system"][0])
    last = sampler.samples[-1]
    assert last["written_bytes"] >= 3_000_000 and last["memory_bytes"] > 10_000_000
    assert 0 <= last["machine_memory_percent"] <= 100 and 0 < last["disk_percent"] <= 100
    assert [row["seconds"] for row in sampler.samples] == sorted(row["seconds"] for row in sampler.samples)


def test_the_time_before_a_process():
    started = time.time()
    submitted = datetime.fromtimestamp(started, UTC) - timedelta(seconds=90)
    for text in (submitted.isoformat(), submitted.strftime("%Y-%m-%dT%H:%M:%S.%fZ")):
        assert seconds_before(started, {SUBMITTED: text}) == pytest.approx(90, abs=0.01)
    assert seconds_before(started - 100, {SUBMITTED: submitted.isoformat()}) == 0
    assert seconds_before(started, {}) is None
