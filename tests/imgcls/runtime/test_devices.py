"""The device of a job, with a reason where its GPU does not work, and the effect of `devices.tune`."""

from __future__ import annotations

import subprocess
import sys

import botocore.session
import pytest
import torch

from imgcls.contract.instances import has_gpu
from imgcls.runtime import devices

GPU_TYPE = {"SM_CURRENT_INSTANCE_TYPE": "ml.g5.xlarge"}
FAULTS = """
import resource, sys, torch
from imgcls.runtime import devices

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

torch.set_num_threads(1)
if sys.argv[1] == "tuned":
    devices.tune(torch.device("cpu"))
for _ in range(10):
    torch.ones(16_000_000)
before = faults()
for _ in range(10):
    torch.ones(16_000_000)
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_is_reused_by_the_next_step():
    def faults(mode: str) -> int:
        command = [sys.executable, "-c", FAULTS, mode]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    pages = 16_000_000 * 4 // 4096
    assert faults("plain") > 9 * pages, "glibc no longer returns the memory, and `tune` is not needed"
    assert faults("tuned") < pages


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"SM_NUM_GPUS": "0", "SM_CURRENT_INSTANCE_TYPE": "ml.m5.xlarge"},
        {**GPU_TYPE, "SM_NUM_GPUS": "0", "CUDA_VISIBLE_DEVICES": ""},
        {"SM_NUM_GPUS": "1", "CUDA_VISIBLE_DEVICES": "-1"},
    ],
)
def test_a_job_without_gpus_or_with_hidden_ones_computes_on_the_cpu(environment: dict[str, str]) -> None:
    assert devices.of_this_process(environment) == torch.device("cpu")


@pytest.mark.parametrize(
    ("environment", "machine"),
    [
        ({"SM_NUM_GPUS": "1"}, "this machine"),
        ({**GPU_TYPE, "SM_NUM_GPUS": "0"}, "ml.g5.xlarge"),  # the toolkit counts 0 where the driver does not work
        ({**GPU_TYPE, "SM_NUM_GPUS": "1", "CUDA_VISIBLE_DEVICES": "0"}, "ml.g5.xlarge"),
    ],
)
def test_a_gpu_that_this_torch_cannot_use_is_an_error(environment: dict[str, str], machine: str) -> None:
    with pytest.raises(devices.DeviceError, match=f"^{machine} has a GPU that torch cannot use: torch .* has no CUDA"):
        devices.of_this_process(environment)


def test_the_reason_is_the_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    def init() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 11040).\nPlease update.")

    monkeypatch.setattr(torch.version, "cuda", "13.3")
    monkeypatch.setattr(torch.cuda, "init", init)
    with pytest.raises(
        devices.DeviceError, match=r"another instance type \(The NVIDIA driver .* 11040\)\. Please"
    ) as told:
        devices.of_this_process(GPU_TYPE)
    assert len(str(told.value)) < 300


def test_a_working_gpu_is_this_processs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.of_this_process({**GPU_TYPE, "LOCAL_RANK": "3"}) == torch.device("cuda", 3)


def test_every_gpu_type_of_sagemaker_is_known() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    families = {name.split(".")[1] for name in model.shape_for("TrainingInstanceType").enum if has_gpu(name)}
    assert {"g4dn", "g5", "g6", "g6e", "p3", "p4d", "p5", "p6-b200"} <= families
    assert not any(has_gpu(f"ml.{family}.xlarge") for family in ("m5", "c7i", "r6gd", "trn1", "inf2", "t3"))
