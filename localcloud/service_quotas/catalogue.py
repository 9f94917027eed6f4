"""The quotas that exist: their names in AWS's wording, their codes and their defaults here.

The instance types are those of botocore's enumerations, which makes about 2,400 quotas of SageMaker, as in an account.
Codes that are publicly known are AWS's; the others are made up, as nothing derives them from a name. The defaults
are those of an account that has been used for a while: with those of a new one hardly anything could be tried.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import botocore.session

TOTALS = {
    "training": "Number of instances across all training jobs",
    "spot training": "Number of instances across all spot training jobs",
    "processing": "Number of instances across all processing jobs",
    "transform": "Number of instances across all transform jobs",
    "endpoint": "Number of instances across active endpoints",
}
"""By kind of use, the quota on all instance types together."""
PER_JOB = {
    "training": "Maximum number of instances per training job",
    "spot training": "Maximum number of instances per spot training job",
    "processing": "Maximum number of instances per processing job",
}
TRIALS_AT_ONCE = "Maximum number of training jobs each hyper parameter tuning job can run in parallel at once"
INSTANCES = 100.0
"""Of one type for one use, and of all types together."""

_USES = {
    "TrainingInstanceType": (
        "{} for training job usage",
        "{} for spot training job usage",
        "{} for training warm pool usage",
    ),
    "ProcessingInstanceType": ("{} for processing job usage",),
    "TransformInstanceType": ("{} for transform job usage",),
    "ProductionVariantInstanceType": ("{} for endpoint usage",),
    "InstanceType": ("{} for notebook instance usage",),
    "ClusterInstanceType": ("{} for cluster usage",),
    "AppInstanceType": (
        "Studio KernelGateway Apps running on {} instance",
        "Studio JupyterLab Apps running on {} instances",
        "Studio CodeEditor Apps running on {} instances",
        "RSessionGateway Apps running on {} instance",
    ),
}
_OTHERS = {
    **dict.fromkeys(TOTALS.values(), INSTANCES),
    **dict.fromkeys(PER_JOB.values(), 20.0),
    TRIALS_AT_ONCE: 10.0,
    "Total number of notebook instances": 8.0,
    "Total domains": 10.0,
    "Longest run time for a training job": 432_000.0,
}
_CODES = {
    TOTALS["training"]: "L-00C91CB5",
    TOTALS["processing"]: "L-F311B08F",
    TOTALS["transform"]: "L-60D2A6F0",
    TOTALS["endpoint"]: "L-7A3DF611",
    PER_JOB["training"]: "L-622CFD70",
    TRIALS_AT_ONCE: "L-11294128",
    "Total number of notebook instances": "L-04CE2E67",
    "Total domains": "L-B683BCB0",
    "Concurrently running builds for Linux/Small environment": "L-9D07B6EF",
}
_BUILDS = {f"Concurrently running builds for {kind}/{size} environment": 10.0
           for kind in ("Linux", "ARM") for size in ("Small", "Medium", "Large")}  # fmt: skip
SERVICE_NAMES = {"sagemaker": "Amazon SageMaker", "codebuild": "AWS CodeBuild"}

NEW_ACCOUNT = (
    ("*", 0.0),
    ("Maximum number of instances per *", 20.0),
    (TRIALS_AT_ONCE, 10.0),
    *((TOTALS[kind], 4.0) for kind in ("training", "spot training", "processing", "transform")),
    ("ml.m5.* for training job usage", 4.0),
    ("ml.m5.large for processing job usage", 0.0),
    ("ml.t3.* for processing job usage", 4.0),
    ("Concurrently running builds *", 10.0),
)
"""What people report of new accounts: no endpoint, no spot and no GPU instances, and four instances in all."""


@dataclass(frozen=True)
class Quota:
    """One row of a service's list."""

    service: str
    code: str
    name: str
    default: float


@functools.cache
def quotas(service: str) -> dict[str, Quota]:
    """By name, in the order of their codes and not of their names; empty for a service without a list."""
    defaults = {"sagemaker": _sagemaker, "codebuild": _BUILDS.copy}.get(service, dict)()
    rows = [Quota(service, _CODES.get(name, _made_up(name)), name, value) for name, value in defaults.items()]
    return {row.name: row for row in sorted(rows, key=lambda row: row.code)}


def usage_name(kind: str, instance_type: str) -> str:
    """The quota on one instance type for `kind`, a key of TOTALS."""
    return f"{instance_type} for {kind} usage" if kind == "endpoint" else f"{instance_type} for {kind} job usage"


def _sagemaker() -> dict[str, float]:
    return {**dict.fromkeys(_of_instances(), INSTANCES), **_OTHERS}


def _of_instances() -> Iterator[str]:
    model = botocore.session.get_session().get_service_model("sagemaker")
    for shape, wordings in _USES.items():
        for instance_type in model.shape_for(shape).enum:
            if instance_type.startswith("ml."):
                yield from (wording.format(instance_type) for wording in wordings)


def _made_up(name: str) -> str:
    return f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"
