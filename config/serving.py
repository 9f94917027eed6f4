"""The multi-model endpoint: instances, scaling, rollout, server limits."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from config import instances
from config.base import Config


class ScalingConfig(Config):
    """Target tracking on invocations per instance and minute."""

    invocations_per_instance: float = Field(default=600, gt=0)
    """Per minute; above it, instances are added."""
    scale_in_cooldown_seconds: int = Field(default=300, ge=0)
    """Before another instance is taken away."""
    scale_out_cooldown_seconds: int = Field(default=60, ge=0)
    """Before another instance is added."""


class RolloutConfig(Config):
    """Blue/green. `canary` moves `canary_percent` of the fleet first and waits `wait_seconds` under the alarms."""

    kind: Literal["all_at_once", "canary", "linear"] = "canary"
    """How a new fleet takes over."""
    canary_percent: int = Field(default=50, ge=1, le=50)
    """Of the fleet, moved first."""
    wait_seconds: int = Field(default=300, ge=0, le=3600)
    """Under the alarms, before the rest is moved."""
    termination_wait_seconds: int = Field(default=120, ge=0, le=3600)
    """Before the old fleet is ended."""
    max_execution_seconds: int = Field(default=3600, ge=600, le=14400)
    """Of the whole rollout."""


class RollbackAlarmConfig(Config):
    """Thresholds of the alarms that take a rollout back. Rates in percent of the invocations."""

    error_5xx_percent: float = Field(default=1, gt=0, le=100)
    """Failures of the server."""
    error_4xx_percent: float = Field(default=20, gt=0, le=100)
    """Requests that are refused."""
    p99_latency_ms: float = Field(default=2000, gt=0)
    """Of the slowest percent of the answers."""


class ServerLimits(Config):
    """Settings of the serving process (see `imgcls.contract.serving.ServerSettings`)."""

    max_body_bytes: int = Field(default=6 * 1024 * 1024, ge=1024)
    """Larger requests are answered with 413."""
    max_image_pixels: int = Field(default=65_000_000, ge=10_000)
    """Larger images are answered with 413, and those that cost more to decode than such a JPEG. Each pixel above
    65 million allows an image 4 bytes of memory and 10 ns of a core more."""
    max_queue: int = Field(default=256, ge=1)
    """Images that wait for a thread; above it the answer is 503."""
    threads: int = Field(default=0, ge=0, le=128)
    """0: one per core."""
    max_metric_models: int = Field(default=20, ge=0, le=1000)
    """Models with metrics of their own; each costs money."""


class EndpointConfig(Config):
    name: str = Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")
    """If left out: project and environment."""
    enabled: bool = True
    """Whether a first deploy turns it on; later ones leave the switch as it is (`kennel endpoint on`, `off`)."""
    instance_type: instances.InstanceType
    """Such as ml.c7i.xlarge; without a GPU."""
    min_instances: int = Field(ge=1)
    """Instances that always run."""
    max_instances: int = Field(ge=1)
    """Instances when it has scaled out."""
    scaling: ScalingConfig = ScalingConfig()
    rollout: RolloutConfig = RolloutConfig()
    rollback_alarms: RollbackAlarmConfig = RollbackAlarmConfig()
    server: ServerLimits = ServerLimits()
    data_capture: bool = False
    """Not available for a multi-model endpoint."""
    isolate: bool = True
    """Network isolation, and the VPC."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if instances.has_gpu(self.instance_type):
            raise ValueError(
                f"instance_type {self.instance_type} has a GPU, and multi-model endpoints on GPUs need Triton: "
                "choose a CPU type such as ml.c7i.xlarge"
            )
        if self.max_instances < self.min_instances:
            raise ValueError(f"max_instances ({self.max_instances}) is below min_instances ({self.min_instances})")
        if self.rollout.kind != "all_at_once" and self.min_instances < 2:
            raise ValueError(
                f"rollout.kind {self.rollout.kind} needs min_instances of at least 2: "
                "with one instance the canary would be the whole fleet; "
                "set rollout.kind to all_at_once or min_instances to 2"
            )
        if self.data_capture:
            raise ValueError("data_capture is not available for a multi-model endpoint: set it to false")
        return self
