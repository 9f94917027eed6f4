"""Limits of the instances that a job asks for, whatever its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.sagemaker.jobs.validation import refusal, validation_error

DEFAULT_MAX_RUNTIME_SECONDS = 86_400  # the service's default
MAX_INSTANCES = 8  # all of them share this machine

_LOCAL_STORAGE = re.compile(r"ml\.(g4dn|g5|g6e?|p4de?|p5en?|[a-z]+\d+[a-z]*d[a-z]*)\.")


def check_cluster(resources: Mapping[str, Any], path: str) -> None:
    """`resources` holds InstanceType and InstanceCount; `path` is the field that an error names."""
    if resources["InstanceCount"] > MAX_INSTANCES:
        raise refusal(f"{path}.InstanceCount {resources['InstanceCount']}", f"use at most {MAX_INSTANCES}")
    if resources.get("VolumeKmsKeyId") and _LOCAL_STORAGE.match(resources["InstanceType"]):
        raise validation_error(
            f"VolumeKmsKeyId can't be used with instance type {resources['InstanceType']}, which has local storage: "
            "remove it; local storage is always encrypted."
        )
