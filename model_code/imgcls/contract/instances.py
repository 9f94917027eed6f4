"""What the names of SageMaker's instance types tell a program that runs on one."""

from __future__ import annotations

import re

_GPU = re.compile(r"ml\.[gp]\d")


def has_gpu(instance_type: str) -> bool:
    """Whether instances of the type have NVIDIA GPUs: those of the families g and p, such as ml.g5.xlarge."""
    return bool(_GPU.match(instance_type))
