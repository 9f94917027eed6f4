"""Samples of the machine, and the time before a job's first line."""

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from imgcls.contract import records
from imgcls.profiling import nvml
from imgcls.profiling.machine import MachineSampler
from imgcls.profiling.start import SUBMITTED, seconds_before


def wait_for(sampler, num_rows):
    deadline = time.time() + 20
    while len(sampler.samples) < num_rows and time.time() < deadline:
        time.sleep(0.01)


def test_one_row_per_interval_with_what_happened_in_it(tmp_path):
    sampler = MachineSampler(time.time(), 0.05, tmp_path)
    sampler.start()
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    wait_for(sampler, 3)
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


# The part of NVML's interface that is used, as a driver's library has it, for one GPU with this UUID.
NVML = r"""
#include <string.h>
typedef struct { unsigned int gpu, memory; } nvmlUtilization_t;
static int calls;
int nvmlInit_v2(void) { return INIT; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    if (strcmp(uuid, "GPU-1a2b")) return 6;
    *device = &calls;
    return 0;
}
int nvmlDeviceGetUtilizationRates(void *device, nvmlUtilization_t *rates) {
    if (device != &calls) return 2;
    if (calls == 2) return 15;
    rates->gpu = 80 + calls++;
    rates->memory = 7;
    return 0;
}
const char *nvmlErrorString(int status) {
    return status == 9 ? "Driver Not Loaded" : status == 15 ? "GPU is lost" : status == 6 ? "Not Found" : "Other";
}
"""


class _Cuda:
    """A GPU as torch.cuda shows it to a process."""

    def __init__(self, uuid="1a2b"):
        self.uuid = uuid

    def is_available(self):
        return True

    def memory_allocated(self, device):
        return 5e9 + device

    def mem_get_info(self, device):
        return 4e9, 10e9 + device

    def get_device_properties(self, device):
        return SimpleNamespace(uuid=self.uuid)


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Builds the library, whose nvmlInit_v2 returns a status."""

    def build(status=0):
        source = tmp_path / "nvml.c"
        source.write_text(NVML)
        command = ["gcc", "-shared", "-fPIC", f"-DINIT={status}", "-o", str(tmp_path / nvml.LIBRARY), str(source)]
        subprocess.run(command, check=True)
        monkeypatch.setattr(nvml, "LIBRARY", str(tmp_path / nvml.LIBRARY))

    if not shutil.which("gcc"):
        pytest.skip("needs gcc, to build a stand-in for the driver's library")
    return build


def sampled(tmp_path, monkeypatch, cuda, num_rows=3):
    """The rows' values of the GPU."""
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    sampler = MachineSampler(time.time(), 0.02, tmp_path)
    sampler.start()
    wait_for(sampler, num_rows)
    sampler.stop()
    return [{name: row[name] for name in row if name.startswith("gpu")} for row in sampler.samples]


def test_a_gpu_is_sampled_through_the_drivers_library(tmp_path, monkeypatch, driver):
    driver()
    assert sampled(tmp_path, monkeypatch, _Cuda())[:2] == [
        {"gpu_memory_bytes": 5e9, "gpu_used_bytes": 6e9, "gpu_percent": 80},
        {"gpu_memory_bytes": 5e9, "gpu_used_bytes": 6e9, "gpu_percent": 81},
    ]


def test_each_process_samples_its_own_gpu(tmp_path, monkeypatch, driver):
    driver()
    monkeypatch.setenv("LOCAL_RANK", "3")
    row = sampled(tmp_path, monkeypatch, _Cuda())[0]
    assert (row["gpu_memory_bytes"], row["gpu_used_bytes"]) == (5e9 + 3, 6e9 + 3)


def test_a_gpu_that_is_lost_ends_neither_the_samples_nor_the_job(tmp_path, monkeypatch, driver, capsys):
    driver()
    rows = sampled(tmp_path, monkeypatch, _Cuda(), 5)
    assert ["gpu_percent" in row for row in rows[:5]] == [True, True, False, False, False]
    assert capsys.readouterr().out.count("GPU utilization is not sampled: nvmlDeviceGetUtilizationRates: GPU is") == 1


@pytest.mark.parametrize(
    ("status", "uuid", "reason"),
    [
        (9, "1a2b", "nvmlInit_v2: Driver Not Loaded"),
        (0, "ffff", "nvmlDeviceGetHandleByUUID: Not Found"),
        (None, "1a2b", "no-driver.so: cannot open shared object file"),
    ],
)
def test_a_gpu_without_nvml_has_its_memory_and_one_line_in_the_log(
    tmp_path, monkeypatch, driver, capsys, status, uuid, reason
):
    if status is None:
        monkeypatch.setattr(nvml, "LIBRARY", "no-driver.so")
    else:
        driver(status)
    assert sampled(tmp_path, monkeypatch, _Cuda(uuid))[-1] == {"gpu_memory_bytes": 5e9, "gpu_used_bytes": 6e9}
    assert capsys.readouterr().out.count(f"GPU utilization is not sampled: {reason}") == 1


def test_the_library_is_found_by_the_name_that_drivers_give_it(tmp_path, driver):
    name = nvml.LIBRARY
    driver()
    asked = "from imgcls.profiling.nvml import Nvml; print(Nvml('GPU-1a2b').utilization())"
    path = ":".join(sys.path)
    environment = {"LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": path, "PATH": os.environ["PATH"]}
    found = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True)
    assert name == "libnvidia-ml.so.1" and found.stdout == "80\n", found.stderr


def test_the_time_before_a_process():
    started = time.time()
    submitted = datetime.fromtimestamp(started, UTC) - timedelta(seconds=90)
    for text in (submitted.isoformat(), submitted.strftime("%Y-%m-%dT%H:%M:%S.%fZ")):
        assert seconds_before(started, {SUBMITTED: text}) == pytest.approx(90, abs=0.01)
    assert seconds_before(started - 100, {SUBMITTED: submitted.isoformat()}) == 0
    assert seconds_before(started, {}) is None
