"""Fields that processing, training and tuning jobs have in common: instances, keys, network, splits.

Security fields are literals; names, values, ranges, S3 URIs and instance types come from the run's plan.
"""

from __future__ import annotations

from typing import Any

from config import instances
from config.app import AppConfig
from config.compute import JobCompute
from pipeline import placeholders
from pipeline.placeholders import Placeholder

Parameters = dict[str, Any]

PENDING_SECONDS = 3600
"""How long a job may wait for an instance. The state's timeout covers it: MaxPendingTime has no effect on CPU types."""


def split(name: str) -> str:
    """The intrinsic function that returns the URI of one split of the prepared data set."""
    return f"States.Format('{{}}{{}}/{name}/', $.run.prepared_uri, $.run.manifest_id)"


def resources(compute: JobCompute, state: str, size: str) -> Parameters:
    """The instances of one job. `size` is the path of its JobSize in the plan."""
    return {
        "InstanceType.$": f"$.recovery.instances.{state}",
        "InstanceCount.$": f"{size}.instance_count",
        "VolumeSizeInGB.$": f"{size}.volume_gb",
        **_volume_key(compute),
    }


def isolation(config: AppConfig, *, instances: int) -> Parameters:
    """No network access, encrypted traffic between containers, private subnets. Empty where isolation is off.

    `instances`: the configured number. Encryption "doesn't affect" a job with one (SageMaker's guide), and no run is
    known in which Step Functions passed the field on; so PlanRun refuses a run that asks for more where it is left out.
    """
    if not config.pipeline.isolate:
        return {}
    encrypted = {"EnableInterContainerTrafficEncryption": True} if instances > 1 else {}
    return {"EnableNetworkIsolation": True, **encrypted, "VpcConfig": _vpc(config)}


def _volume_key(compute: JobCompute) -> Parameters:
    """Types with local disks reject the field. config allows a job's fallback types to be of the same kind only."""
    if instances.has_local_storage(compute.instance_type):
        return {}
    return {"VolumeKmsKeyId": str(Placeholder.KEY_ARN)}


def _vpc(config: AppConfig) -> Parameters:
    return {
        "SecurityGroupIds": placeholders.security_groups(config),
        "Subnets": placeholders.subnets(config),
    }
