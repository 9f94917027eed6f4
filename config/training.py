"""The pipeline's jobs, its quality gate, publishing and the schedule."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from config import debugger, instances
from config.base import Config
from config.compute import JobCompute, SpotConfig


class GateConfig(Config):
    """What a candidate must reach on the test split. Accuracies in 0..1."""

    min_accuracy: float = Field(default=0.5, ge=0, le=1)
    max_regression: float = Field(default=0.01, ge=0, le=1)
    """How much worse than the published model a candidate may be."""
    max_latency_ms: float = Field(default=1000, gt=0)
    min_fp32_agreement: float = Field(default=0.99, ge=0, le=1)


class PublishConfig(Config):
    """`stable_key` also writes `models/<name>/model.tar.gz`; `refresh_stable_key` then rolls the fleet."""

    stable_key: bool = False
    refresh_stable_key: bool = True
    approval: bool = False

    @model_validator(mode="after")
    def _no_approval_yet(self) -> Self:
        if self.approval:
            raise ValueError("approval by a human is not built yet: set approval=False")
        return self


class ScheduleConfig(Config):
    """An EventBridge rule that starts the pipeline; off until somebody wants it."""

    enabled: bool = False
    expression: str = "cron(0 3 ? * SUN *)"


class TrainingConfig(Config):
    preparation: JobCompute
    training: JobCompute
    evaluation: JobCompute
    spot: SpotConfig = SpotConfig()
    tune: bool = True
    """Whether `{}` as execution input tunes the models that have a search space."""
    default_models: tuple[str, ...] = Field(min_length=1)
    max_concurrency: int = Field(default=4, ge=1, le=40)
    budget_usd_per_run: float = Field(default=200, gt=0)
    """PlanRun refuses a run whose worst case costs more."""
    execution_timeout_seconds: int = Field(default=86400, ge=300)
    sagemaker_debugger: debugger.Mode = "off"
    """The service's own Debugger, for accounts that used it before it was closed. Kennel's own rules run regardless."""
    isolate: bool = True
    """Network isolation, encryption between containers, VPC."""
    gate: GateConfig = GateConfig()
    publish: PublishConfig = PublishConfig()
    schedule: ScheduleConfig = ScheduleConfig()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.spot.enabled and self.spot.max_wait_seconds < self.training.max_runtime_seconds:
            raise ValueError(
                f"spot.max_wait_seconds ({self.spot.max_wait_seconds}) is below training.max_runtime_seconds "
                f"({self.training.max_runtime_seconds}): a spot job must be allowed to wait as long as it may run"
            )
        if self.evaluation.instance_count > 1:
            raise ValueError(
                f"evaluation.instance_count ({self.evaluation.instance_count}) must be 1: one instance scores a model"
            )
        for name in ("preparation", "evaluation"):
            if instances.has_gpu(getattr(self, name).instance_type):
                raise ValueError(
                    f"{name}.instance_type: the jobs image has no CUDA: choose a CPU type such as ml.m5.xlarge"
                )
        return self
