"""What config must know about SageMaker instance types. Prices are elsewhere (`prices.py`)."""

from __future__ import annotations

import re

TYPE = re.compile(r"ml\.(?P<family>[a-z0-9]+(?:-[a-z0-9]+)?)\.(?P<size>[a-z0-9]+)")

GPU_FAMILIES = {"g4dn", "g5", "g6", "g6e", "p3", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200"}

LOCAL_STORAGE_FAMILIES = {"g4dn", "g5", "g6", "g6e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200"}
"""Instances with local disks refuse VolumeKmsKeyId; so does every family whose name ends in d, such as m5d or c6id."""

BF16_CPU_FAMILIES = {"m7i", "c7i", "r7i", "m7a", "c7a", "r7a", "m8i", "c8i", "r8i"}
"""CPUs with AVX512_BF16 or AMX: the others emulate bf16, which is slower than fp32."""


def family(instance_type: str) -> str:
    """`ml.g5.xlarge` -> `g5`. Raises ValueError for what is no SageMaker instance type."""
    match = TYPE.fullmatch(instance_type)
    if not match:
        raise ValueError(f"{instance_type!r} is no SageMaker instance type like ml.m5.xlarge")
    return match["family"]


def has_gpu(instance_type: str) -> bool:
    return family(instance_type) in GPU_FAMILIES


def has_local_storage(instance_type: str) -> bool:
    name = family(instance_type)
    return name in LOCAL_STORAGE_FAMILIES or bool(re.fullmatch(r"[a-z]+\d+[a-z]*d", name))


def has_bf16(instance_type: str) -> bool:
    return family(instance_type) in BF16_CPU_FAMILIES
