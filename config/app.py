"""The whole configuration of one environment, and the checks that need more than one part of it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from config import debugger, instances
from config.base import Config
from config.datasets import DatasetSpec
from config.models import ModelSpec
from config.platform import ImagesConfig, MonitoringConfig, NetworkConfig, StorageConfig, StudioConfig
from config.serving import EndpointConfig
from config.training import TrainingConfig


class AppConfig(Config):
    """`account` None leaves the templates free of an account number."""

    environment: Literal["local", "dev", "prod"]
    account: str | None = Field(default=None, pattern=r"^\d{12}$")
    region: str = Field(default="us-east-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    strict: bool
    """Every control of the prod column of docs/controls holds; a weaker environment says so here."""
    storage: StorageConfig
    network: NetworkConfig = NetworkConfig()
    studio: StudioConfig = StudioConfig()
    images: ImagesConfig
    training: TrainingConfig
    endpoint: EndpointConfig
    monitoring: MonitoringConfig = MonitoringConfig()
    datasets: tuple[DatasetSpec, ...] = Field(min_length=1)
    models: tuple[ModelSpec, ...] = Field(min_length=1, max_length=40)

    def dataset(self, name: str) -> DatasetSpec:
        return next(item for item in self.datasets if item.name == name)

    def model(self, name: str) -> ModelSpec:
        return next(item for item in self.models if item.name == name)

    @property
    def prefix(self) -> str:
        """First part of the few names that a person types."""
        return f"kennel-{self.environment}"

    @property
    def state_machine_name(self) -> str:
        return f"{self.prefix}-pipeline"

    @model_validator(mode="after")
    def _names(self) -> Self:
        for kind in ("datasets", "models"):
            names = [item.name for item in getattr(self, kind)]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} holds {', '.join(twice)} twice: names must be unique")
        known = {item.name for item in self.datasets}
        for model in self.models:
            if model.dataset not in known:
                raise ValueError(
                    f"models.{model.name}.dataset is {model.dataset}; choose from {', '.join(sorted(known))}"
                )
        return self

    @model_validator(mode="after")
    def _default_models(self) -> Self:
        names = {item.name: item.dataset for item in self.models}
        for name in self.training.default_models:
            if name not in names:
                raise ValueError(f"training.default_models holds {name}; choose from {', '.join(names)}")
        used = {names[name] for name in self.training.default_models}
        if len(used) > 1:
            raise ValueError(
                f"training.default_models uses the data sets {', '.join(sorted(used))}: a run has one data set"
            )
        return self

    @model_validator(mode="after")
    def _precision(self) -> Self:
        for model in self.models:
            if model.precision == "bf16" and not instances.has_bf16(self.endpoint.instance_type):
                raise ValueError(
                    f"models.{model.name}.precision is bf16, which {self.endpoint.instance_type} only emulates: "
                    "choose fp32 or int8, or an endpoint.instance_type such as ml.c7i.xlarge"
                )
        return self

    @model_validator(mode="after")
    def _debugger(self) -> Self:
        mode = self.training.sagemaker_debugger
        if mode == "off":
            return self
        if self.environment == "local":
            raise ValueError(
                f"training.sagemaker_debugger is {mode}, and the local cloud does not emulate SageMaker Debugger: "
                "set it to off; Kennel's own rules and profiler run everywhere"
            )
        if self.region not in debugger.RULES_ACCOUNTS:
            raise ValueError(
                f"training.sagemaker_debugger is {mode}, and SageMaker Debugger has no rules in {self.region}: "
                f"set it to off, or choose a region of {', '.join(debugger.RULES_ACCOUNTS)}"
            )
        return self

    @model_validator(mode="after")
    def _prod_is_strict(self) -> Self:
        if self.environment == "prod":
            if not self.strict or not self.storage.retain or not self.training.isolate or not self.endpoint.isolate:
                raise ValueError("prod must have strict, storage.retain, training.isolate and endpoint.isolate set")
            if self.endpoint.min_instances < 2:
                raise ValueError(f"endpoint.min_instances ({self.endpoint.min_instances}) must be at least 2 in prod")
            if self.training.publish.stable_key:
                raise ValueError(
                    "training.publish.stable_key must be off in prod: "
                    "an endpoint may serve a stale copy of an overwritten key"
                )
        return self
