"""The pipeline: what it runs by default, its quality gate, publishing, its schedule and its limits."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from config import debugger
from config.base import Config


class GateConfig(Config):
    """What a candidate must reach on the test split. Accuracies in 0..1."""

    min_accuracy: float = Field(default=0.5, ge=0, le=1)
    """On the test split."""
    max_regression: float = Field(default=0.01, ge=0, le=1)
    """How much worse than the published model a candidate may be."""
    max_latency_ms: float = Field(default=1000, gt=0)
    """Of one image, in the served graph."""
    min_fp32_agreement: float = Field(default=0.99, ge=0, le=1)
    """Share of images on which a reduced precision answers as fp32 does."""


class PublishConfig(Config):
    """`stable_key` also writes `models/<name>/model.tar.gz`; `refresh_stable_key` then rolls the fleet."""

    stable_key: bool = False
    """Also write `models/<name>/model.tar.gz`."""
    refresh_stable_key: bool = True
    """Roll the fleet when that key is overwritten."""
    approval: bool = False
    """Not available yet."""

    @model_validator(mode="after")
    def _no_approval_yet(self) -> Self:
        if self.approval:
            raise ValueError("approval by a person is not available: set it to false")
        return self


_RATE = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)")
_CRON = re.compile(r"cron\(\S+ \S+ (?P<day>\S+) \S+ (?P<weekday>\S+) \S+\)")


class ScheduleConfig(Config):
    """An EventBridge rule that starts the pipeline; off until somebody wants it."""

    enabled: bool = False
    """Whether it starts runs."""
    expression: str = "cron(0 3 ? * SUN *)"
    """When, in UTC."""

    @field_validator("expression")
    @classmethod
    def _schedule(cls, value: str) -> str:
        """The form; the values of cron's fields EventBridge checks, and the local cloud as it does."""
        cron = _CRON.fullmatch(value)
        if not (_RATE.fullmatch(value) or (cron and (cron["day"] == "?") is not (cron["weekday"] == "?"))):
            raise ValueError(
                f"{value!r} is not a schedule of EventBridge: write it like rate(1 day), rate(7 days) or "
                "cron(0 3 ? * SUN *), with minute, hour, day, month, weekday and year, where either day or weekday is ?"
            )
        return value


class PipelineConfig(Config):
    tune: bool = True
    """Whether `{}` as execution input tunes the models that have a search space."""
    default_models: tuple[str, ...] = ()
    """What `{}` as execution input trains; if left out, the models of the first model's data set."""
    max_concurrency: int = Field(default=4, ge=1, le=40)
    """Models that are trained at a time."""
    budget_usd_per_run: float = Field(default=200, gt=0)
    """PlanRun refuses a run whose worst case costs more."""
    execution_timeout_seconds: int = Field(default=86400, ge=300)
    """Of a whole run."""
    poll_seconds: int = Field(default=30, ge=1, le=3600)
    """Between the start of a search and the first look at it; a run of many models takes longer."""
    check_quotas: bool = True
    """Whether PlanRun asks Service Quotas before a run."""
    sagemaker_debugger: debugger.Mode = "off"
    """The service's own Debugger, for accounts that used it before it was closed. Kennel's own rules run regardless."""
    isolate: bool = True
    """Network isolation, encryption between containers, VPC."""
    gate: GateConfig = GateConfig()
    publish: PublishConfig = PublishConfig()
    schedule: ScheduleConfig = ScheduleConfig()
