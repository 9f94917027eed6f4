"""The presets of an environment: what stands in `kennel.yaml` below an environment's name unless the file says more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.base import LOCAL_ACCOUNT, LOCAL_REGION

LOCAL_IMAGES = {
    f"{name}_uri": f"{LOCAL_ACCOUNT}.dkr.ecr.{LOCAL_REGION}.amazonaws.com/kennel/{name}:local"
    for name in ("training", "jobs", "serving")
}
"""The images that the local cloud maps to commands of this clone."""


def laptop() -> dict[str, Any]:
    """The stacks in the local cloud, without an AWS account or Docker."""
    job = {"instance_type": "ml.m5.large", "max_runtime_seconds": 3600}
    return {
        "cloud": "local",
        "preparation": dict(job),
        "training": dict(job),
        "evaluation": dict(job),
        # Nothing is cheaper here, but what interrupts and resumes a training is then what everybody runs.
        "spot": {"enabled": True, "max_wait_seconds": 2 * 3600},
        "pipeline": {
            "max_concurrency": 2,
            "poll_seconds": 1,
            "check_quotas": False,
            "gate": {"min_accuracy": 0.6},
            "publish": {"stable_key": True},
        },
        "endpoint": {
            "instance_type": "ml.m5.large",
            "min_instances": 1,
            "max_instances": 1,
            "rollout": {"kind": "all_at_once", "wait_seconds": 0, "termination_wait_seconds": 0},
        },
        "storage": {"retain": False},
        # Studio's notebooks reach nothing without them; here they cost nothing.
        "network": {"interface_endpoints": True},
        "images": {"source": "uri", **LOCAL_IMAGES},
    }


def small() -> dict[str, Any]:
    """A real account at small cost: one endpoint instance, everything removable."""
    return {
        "cloud": "aws",
        "monthly_budget_usd": 200,
        "preparation": {"instance_type": "ml.m5.2xlarge", "max_runtime_seconds": 2 * 3600},
        "training": {
            "instance_type": "ml.g5.xlarge",
            "volume_gb": 100,
            "max_runtime_seconds": 4 * 3600,
            "fallback_instance_types": ["ml.g4dn.xlarge"],
        },
        "evaluation": {"instance_type": "ml.c7i.2xlarge", "max_runtime_seconds": 2 * 3600},
        "spot": {"enabled": True, "max_wait_seconds": 8 * 3600},
        "pipeline": {"publish": {"stable_key": True}},
        # Off until there is something to serve: a first deploy needs no quota for endpoints.
        "endpoint": {
            "enabled": False,
            "instance_type": "ml.c7i.large",
            "min_instances": 1,
            "max_instances": 2,
            "rollout": {"kind": "all_at_once"},
        },
        "storage": {"retain": False, "run_days": 14},
        # Studio takes interface endpoints, which would be most of the cost at rest.
        "studio": {"enabled": False},
        "images": {"source": "codebuild"},
        "monitoring": {"log_retention_days": 14},
    }


def strict() -> dict[str, Any]:
    """Every control on: retained data, isolation, two instances, canary with rollback alarms."""
    return {
        "cloud": "aws",
        "monthly_budget_usd": 2000,
        "preparation": {"instance_type": "ml.m5.2xlarge", "max_runtime_seconds": 4 * 3600},
        "training": {
            "instance_type": "ml.g5.2xlarge",
            "volume_gb": 200,
            "max_runtime_seconds": 8 * 3600,
            "fallback_instance_types": ["ml.g5.xlarge", "ml.g4dn.2xlarge"],
        },
        "evaluation": {"instance_type": "ml.c7i.2xlarge", "max_runtime_seconds": 4 * 3600},
        "pipeline": {"budget_usd_per_run": 500, "gate": {"min_accuracy": 0.7}},
        "endpoint": {"enabled": False, "instance_type": "ml.c7i.xlarge", "min_instances": 2, "max_instances": 6},
        "storage": {"retain": True},
        "network": {"interface_endpoints": True},
        "images": {"source": "codebuild"},
        "monitoring": {"log_retention_days": 365},
    }


PRESETS: dict[str, Callable[[], dict[str, Any]]] = {"laptop": laptop, "small": small, "strict": strict}
