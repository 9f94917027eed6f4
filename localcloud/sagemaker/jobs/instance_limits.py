"""Limits on the instances that a job of any kind requests."""

from __future__ import annotations

import re
from typing import TypedDict

from localcloud.sagemaker.api.validation import refusal, validation_error

DEFAULT_MAX_RUNTIME_SECONDS = 86_400  # the service's default
MAX_INSTANCES = 8  # all of them share this machine

_LOCAL_STORAGE = re.compile(r"ml\.(g4dn|g5|g6e?|p4de?|p5en?|[a-z]+\d+[a-z]*d[a-z]*)\.")

_GPU = re.compile(r"ml\.[gp]\d")


class Instances(TypedDict, total=False):
    """The fields that ResourceConfig, ClusterConfig and TransformResources have in common."""

    InstanceType: str
    InstanceCount: int
    VolumeKmsKeyId: str


def without_gpu(instance_type: str) -> str | None:
    """The line for the log of a job that would have GPUs in AWS; None for a type without."""
    if not _GPU.match(instance_type):
        return None
    return f"localcloud: {instance_type} has GPUs in AWS; here the job sees 0 (SM_NUM_GPUS=0) and computes on the CPU"


def check_instances(instances: Instances, path: str) -> None:
    """Check type and count, both of which must be there; `path` is the field that an error names."""
    if instances["InstanceCount"] > MAX_INSTANCES:
        raise refusal(f"{path}.InstanceCount {instances['InstanceCount']}", f"use at most {MAX_INSTANCES}")
    if instances.get("VolumeKmsKeyId") and _LOCAL_STORAGE.match(instances["InstanceType"]):
        raise validation_error(
            f"VolumeKmsKeyId can't be used with instance type {instances['InstanceType']}, which has local storage: "
            "remove it; local storage is always encrypted."
        )
