"""What the device of a training can do, and settings that make it fast."""

from __future__ import annotations

import importlib.util

import torch

from imgcls.contract.hyperparameters import HyperparameterError

_COMPILER_CAPABILITY = (7, 0)
"""The oldest GPU that torch.compile's kernels are made for."""


def check(device: torch.device, *, compiled: bool) -> None:
    """Raises HyperparameterError when torch.compile is asked for where it does not pay or does not work."""
    if not compiled:
        return
    if device.type != "cuda":
        raise HyperparameterError("compile pays on a GPU only, and there is none: pass --compile false")
    if not importlib.util.find_spec("triton") or torch.cuda.get_device_capability(device) < _COMPILER_CAPABILITY:
        name = torch.cuda.get_device_name(device)
        raise HyperparameterError(f"torch.compile cannot make kernels for {name} here: pass --compile false")


def tune(device: torch.device) -> None:
    """On a GPU: let cuDNN try its algorithms on the first batch, and use TF32 where arithmetic is fp32."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
