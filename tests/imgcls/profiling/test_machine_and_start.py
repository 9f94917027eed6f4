"""Samples of the machine, and the time before a job's first line."""

import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from imgcls.contract import records
from imgcls.profiling.machine import MachineSampler
from imgcls.profiling.start import SUBMITTED, seconds_before


def wait_for_three(sampler):
    deadline = time.time() + 20
    while len(sampler.samples) < 3 and time.time() < deadline:
        time.sleep(0.01)


def test_one_row_per_interval_with_what_happened_in_it(tmp_path):
    sampler = MachineSampler(time.time(), 0.05, tmp_path)
    sampler.start()
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    wait_for_three(sampler)
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


class _Cuda:
    """A GPU as torch.cuda shows it; `error` is NVML's."""

    def __init__(self, error=None):
        self.error = error

    def is_available(self):
        return True

    def memory_allocated(self):
        return 5e9

    def utilization(self):
        if self.error:
            raise self.error
        return 80

    def device_memory_used(self):
        return 6e9


def sampled(tmp_path, monkeypatch, cuda):
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    sampler = MachineSampler(time.time(), 0.02, tmp_path)
    sampler.start()
    wait_for_three(sampler)
    sampler.stop()
    return {name: value for name, value in sampler.samples[-1].items() if name.startswith("gpu")}


def test_a_gpu_is_sampled_through_nvml(tmp_path, monkeypatch):
    found = sampled(tmp_path, monkeypatch, _Cuda())
    assert found == {"gpu_memory_bytes": 5e9, "gpu_percent": 80, "gpu_used_bytes": 6e9}


def test_a_gpu_without_nvml_has_its_memory_and_one_line_in_the_log(tmp_path, monkeypatch, capsys):
    found = sampled(tmp_path, monkeypatch, _Cuda(ModuleNotFoundError("pynvml does not seem to be installed")))
    assert found == {"gpu_memory_bytes": 5e9}
    assert capsys.readouterr().out.count("GPU utilization is not sampled: pynvml does not seem") == 1


def test_the_time_before_a_process():
    started = time.time()
    submitted = datetime.fromtimestamp(started, UTC) - timedelta(seconds=90)
    for text in (submitted.isoformat(), submitted.strftime("%Y-%m-%dT%H:%M:%S.%fZ")):
        assert seconds_before(started, {SUBMITTED: text}) == pytest.approx(90, abs=0.01)
    assert seconds_before(started - 100, {SUBMITTED: submitted.isoformat()}) == 0
    assert seconds_before(started, {}) is None
