"""The device that a training uses, what it supports, and settings that make it fast."""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Mapping

import torch

from imgcls.contract.combinations import check_compile
from imgcls.contract.hyperparameter import HyperparameterError
from imgcls.contract.instances import has_gpu

_COMPILER_CAPABILITY = (7, 0)
"""The oldest GPU generation that torch.compile supports."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST, _LARGEST_OF_OLD_GLIBC = 2**31 - 1, 2**25


class DeviceError(RuntimeError):
    """The job has a GPU that torch cannot use. The message is one sentence with the reason and the fix."""


def of_this_process(environment: Mapping[str, str]) -> torch.device:
    """The GPU of this process's number on its host; the CPU on a machine without GPUs.

    A GPU costs many times what a CPU does, so a job that has one and cannot use it must not train on the CPU. It may
    where its GPUs are hidden on purpose, by an empty CUDA_VISIBLE_DEVICES. Raises DeviceError.
    """
    if torch.cuda.is_available():
        return torch.device("cuda", int(environment.get("LOCAL_RANK", 0)))
    instance_type = environment.get("SM_CURRENT_INSTANCE_TYPE", "")
    has_any = int(environment.get("SM_NUM_GPUS", 0)) > 0 or has_gpu(instance_type)
    if has_any and environment.get("CUDA_VISIBLE_DEVICES", "0") not in ("", "-1"):
        machine = instance_type if has_gpu(instance_type) else "this machine"
        raise DeviceError(f"{machine} has a GPU that torch cannot use: {_why_not()}")
    return torch.device("cpu")


def _why_not() -> str:
    """Why CUDA does not work, as torch says, and what to do."""
    if torch.version.cuda is None:
        return f"torch {torch.__version__} of this image has no CUDA: use the image for GPUs, or a type without a GPU"
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        reason = "it finds no device"
    except (AssertionError, RuntimeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
    return f"use a pytorch_version that fits the driver, or another instance type ({reason})"


def check(device: torch.device, *, compiled: bool) -> None:
    """Raises HyperparameterError when torch.compile is asked for where it gains nothing or does not work."""
    check_compile(compiled, gpu=device.type == "cuda")
    if not compiled:
        return
    if not importlib.util.find_spec("triton") or torch.cuda.get_device_capability(device) < _COMPILER_CAPABILITY:
        name = torch.cuda.get_device_name(device)
        raise HyperparameterError(f"torch.compile does not work on {name} here: pass --compile false")


def tune(device: torch.device) -> None:
    """On a GPU: let cuDNN choose its algorithms by measurement, and use TF32 where arithmetic is fp32.

    On a CPU: keep the memory of a step's activations for the next step.
    """
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    else:
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Stop glibc from returning large blocks to the system, which costs page faults for all activations of each step.

    A ResNet18 step then takes an eighth less time on two cores, in fp32 and in bf16; peak memory grows by less.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # another C library
        return
    if not mallopt(_M_MMAP_THRESHOLD, _LARGEST):
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_OF_OLD_GLIBC)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST)
