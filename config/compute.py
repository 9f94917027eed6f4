"""How large a job is and how long it may take."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from config import instances
from config.base import Config


class JobCompute(Config):
    """One job's instances. `fallback_instance_types` are tried in order when the first has no capacity."""

    instance_type: instances.InstanceType
    """Such as ml.m5.xlarge."""
    instance_count: int = Field(default=1, ge=1, le=20)
    """Instances that share the work of one job."""
    volume_gb: int = Field(default=30, ge=1, le=16384)
    """Disk of each instance."""
    max_runtime_seconds: int = Field(default=3600, ge=60, le=432000)
    """A job that takes longer is stopped."""
    fallback_instance_types: tuple[instances.InstanceType, ...] = ()
    """Tried in order when there is no capacity of `instance_type`."""

    @model_validator(mode="after")
    def _fallbacks_alike(self) -> Self:
        # VolumeKmsKeyId is a literal of the state machine: a fallback with other storage would make it wrong.
        for other in self.fallback_instance_types:
            if instances.has_local_storage(other) != instances.has_local_storage(self.instance_type):
                raise ValueError(
                    f"fallback_instance_types has {other}, whose local storage differs from {self.instance_type}: "
                    "choose types that both have local disks or both have none"
                )
            if instances.has_gpu(other) != instances.has_gpu(self.instance_type):
                raise ValueError(
                    f"fallback_instance_types has {other}, but {self.instance_type} is of the other kind (GPU or CPU)"
                )
        return self

    @property
    def is_distributed(self) -> bool:
        """Whether a job may have more than one process: one per GPU, or one per instance without GPUs."""
        return self.instance_count > 1 or any(instances.num_gpus(name) > 1 for name in self.types)

    @property
    def types(self) -> tuple[str, ...]:
        return (self.instance_type, *self.fallback_instance_types)


class SpotConfig(Config):
    """Managed spot training, of final trainings and of trials: cheaper, and interrupted now and then.

    An interrupted job goes on from its last checkpoint, on its own. `max_wait_seconds` bounds its run and its waits for
    capacity together.
    """

    enabled: bool = False
    """Ask for spot instances."""
    max_wait_seconds: int = Field(default=7200, ge=60)
    """Of running and of waiting for capacity, together."""
