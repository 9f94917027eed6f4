"""What config must know about SageMaker instance types. Prices are elsewhere (`prices.py`)."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from imgcls.contract import instances as contract

TYPE = re.compile(r"ml\.(?P<family>[a-z0-9]+(?:-[a-z0-9]+)?)\.(?P<size>[a-z0-9]+)")

GPU_FAMILIES = {"g4dn", "g5", "g6", "g6e", "p3", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200"}
"""Those whose GPUs are counted here; a newer family counts as one GPU, and has the image for GPUs."""

MULTI_GPU_SIZES: dict[str, dict[str, int]] = {
    "g4dn": {"12xlarge": 4},
    "g5": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6e": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "p3": {"8xlarge": 4, "16xlarge": 8},
    "p3dn": {"24xlarge": 8},
    "p4d": {"24xlarge": 8},
    "p4de": {"24xlarge": 8},
    "p5": {"48xlarge": 8},
    "p5e": {"48xlarge": 8},
    "p5en": {"48xlarge": 8},
    "p6-b200": {"48xlarge": 8},
}
"""GPUs by family and size; the other sizes of a GPU family have one."""

LOCAL_STORAGE_FAMILIES = {"g4dn", "g5", "g6", "g6e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200"}
"""Instances with local disks refuse VolumeKmsKeyId; so does every family whose name ends in d, such as m5d or c6id."""

EFA_FAMILIES = {"p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200"}
"""They talk over an Elastic Fabric Adapter, which is not TCP: their security group must admit all traffic."""

BF16_CPU_FAMILIES = {"m7i", "c7i", "r7i", "m7a", "c7a", "r7a", "m8i", "c8i", "r8i"}
"""CPUs with AVX512_BF16 or AMX: the others emulate bf16, which is slower than fp32."""


def family(instance_type: str) -> str:
    """`ml.g5.xlarge` -> `g5`. Raises ValueError for what is not a SageMaker instance type."""
    match = TYPE.fullmatch(instance_type)
    if not match:
        raise ValueError(f"{instance_type!r} is not a SageMaker instance type; write it like ml.m5.xlarge")
    return match["family"]


def _checked(instance_type: str) -> str:
    family(instance_type)
    return instance_type


InstanceType = Annotated[str, AfterValidator(_checked)]


def has_gpu(instance_type: str) -> bool:
    """Raises ValueError for what is not a SageMaker instance type."""
    family(instance_type)
    return contract.has_gpu(instance_type)


def num_gpus(instance_type: str) -> int:
    """How many GPUs an instance of the type has."""
    name, size = family(instance_type), instance_type.rpartition(".")[2]
    if name in MULTI_GPU_SIZES:
        return MULTI_GPU_SIZES[name].get(size, 1)
    return int(has_gpu(instance_type))


def has_local_storage(instance_type: str) -> bool:
    name = family(instance_type)
    return name in LOCAL_STORAGE_FAMILIES or bool(re.fullmatch(r"[a-z]+\d+[a-z]*d", name))


def has_efa(instance_type: str) -> bool:
    return family(instance_type) in EFA_FAMILIES


def has_bf16(instance_type: str) -> bool:
    return family(instance_type) in BF16_CPU_FAMILIES
