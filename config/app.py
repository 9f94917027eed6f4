"""The whole configuration of one environment, and the checks that need more than one part of it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from config import debugger, instances, notify, regions, stock_images
from config.base import LOCAL_ACCOUNT, LOCAL_REGION, Config
from config.compute import JobCompute, SpotConfig
from config.datasets import DatasetSpec
from config.models import ModelSpec
from config.pipeline import PipelineConfig
from config.platform import ImagesConfig, MonitoringConfig, NetworkConfig, StorageConfig, StudioConfig
from config.prices import FROM_MEMORY, PriceList
from config.serving import EndpointConfig

ENVIRONMENT_NAMES = ("local", "dev", "test", "staging", "prod", "smoke", "rehearsal")
"""What people call environments, and Kennel does. A project `cats-dev` would have the names of `cats` in `dev`."""


class AppConfig(Config):
    """`account` None leaves the templates free of an account number.

    The environment's name has no hyphen, and the project's ends with none of ENVIRONMENT_NAMES, so that no two pairs of
    project and environment make names that begin alike.
    """

    project: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=20)
    """First part of the names of everything in the cloud."""
    environment: str = Field(pattern=r"^[a-z][a-z0-9]*$", max_length=12)
    preset: Literal["laptop", "small", "strict"]
    """What is in force where an environment says nothing."""
    cloud: Literal["local", "aws"]
    """Where it is deployed: into the local cloud or into an AWS account."""
    account: str | None = Field(default=None, pattern=r"^\d{12}$")
    """Twelve digits, in quotes. `kennel` deploys into an account only where it is written."""
    region: str = Field(default="us-east-1", pattern=r"^[a-z]{2,4}(-[a-z]+)+-\d$")
    """Where it is deployed."""
    notify: tuple[str, ...] = ()
    """E-mail addresses that outcomes, alarms and the budget are sent to, or the ARN of one existing SNS topic."""
    monthly_budget_usd: float = Field(default=500, gt=0)
    """Above it, a message to `notify`."""
    preparation: JobCompute
    training: JobCompute
    evaluation: JobCompute
    spot: SpotConfig = SpotConfig()
    pipeline: PipelineConfig
    endpoint: EndpointConfig
    storage: StorageConfig
    network: NetworkConfig = NetworkConfig()
    studio: StudioConfig = StudioConfig()
    images: ImagesConfig
    monitoring: MonitoringConfig = MonitoringConfig()
    datasets: tuple[DatasetSpec, ...]
    models: tuple[ModelSpec, ...] = Field(max_length=40)
    prices: PriceList = Field(default=FROM_MEMORY, exclude=True, repr=False)
    """Of the region, from the file beside the project's; not a key of the project file."""

    def dataset(self, name: str) -> DatasetSpec:
        return next(item for item in self.datasets if item.name == name)

    def model(self, name: str) -> ModelSpec:
        return next(item for item in self.models if item.name == name)

    @property
    def strict(self) -> bool:
        """Whether every control of docs/controls.md holds; a weaker environment says so by its preset."""
        return self.preset == "strict"

    @property
    def prefix(self) -> str:
        """First part of the few physical names that a person types."""
        return f"{self.project}-{self.environment}"

    @property
    def stack_prefix(self) -> str:
        """`Kennel-Dev`; a stack adds a hyphen and its role."""
        return f"{''.join(part.capitalize() for part in self.project.split('-'))}-{self.environment.capitalize()}"

    @property
    def state_machine_name(self) -> str:
        return f"{self.prefix}-pipeline"

    @property
    def default_models(self) -> tuple[str, ...]:
        """What a run trains that names no model."""
        if self.pipeline.default_models:
            return self.pipeline.default_models
        return tuple(model.name for model in self.models if model.dataset == self.models[0].dataset)

    @property
    def topic(self) -> str | None:
        """The ARN of the topic that exists already, or None where one is made for the addresses of `notify`."""
        return notify.topic(self.notify)

    @property
    def unreachable(self) -> tuple[str, ...]:
        """Addresses of `notify` where nobody can confirm a subscription. On a laptop nobody needs to."""
        return () if self.preset == "laptop" else notify.unreachable(self.notify)

    @field_validator("project")
    @classmethod
    def _not_like_another_ones_environment(cls, value: str) -> str:
        head, _, last = value.rpartition("-")
        if head and last in ENVIRONMENT_NAMES:
            raise ValueError(
                f"{value} ends with -{last}, and so begin the names of {head} in its environment {last}, whose roles "
                "may touch them: choose another name"
            )
        return value

    @field_validator("notify")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        notify.check(value)
        return value

    @model_validator(mode="after")
    def _topic(self) -> Self:
        if self.topic:
            notify.check_place(self.topic, self.account, self.region)
        return self

    @model_validator(mode="after")
    def _names(self) -> Self:
        for kind in ("datasets", "models"):
            names = [item.name for item in getattr(self, kind)]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} has {', '.join(twice)} twice: names must be unique")
        known = {item.name for item in self.datasets}
        for model in self.models:
            if model.dataset not in known:
                raise ValueError(
                    f"models.{model.name}.dataset is {model.dataset!r}; choose from {', '.join(sorted(known))}"
                )
        return self

    @model_validator(mode="after")
    def _default_models(self) -> Self:
        names = {item.name: item.dataset for item in self.models}
        for name in self.pipeline.default_models:
            if name not in names:
                raise ValueError(f"pipeline.default_models has {name!r}; choose from {', '.join(names)}")
        used = {names[name] for name in self.pipeline.default_models}
        if len(used) > 1:
            raise ValueError(
                f"pipeline.default_models uses the data sets {', '.join(sorted(used))}: a run has one data set"
            )
        return self

    @model_validator(mode="after")
    def _jobs(self) -> Self:
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
            kind = getattr(self, name).instance_type
            if instances.has_gpu(kind):
                raise ValueError(
                    f"{name}.instance_type is {kind}, and the jobs image has no CUDA: "
                    "choose a CPU type such as ml.m5.xlarge"
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
        mode = self.pipeline.sagemaker_debugger
        if mode == "off":
            return self
        if self.cloud == "local":
            raise ValueError(
                f"pipeline.sagemaker_debugger is {mode}, and the local cloud does not emulate SageMaker Debugger: "
                "set it to off; Kennel's own rules and profiler run everywhere"
            )
        if self.region not in debugger.RULES_ACCOUNTS:
            raise ValueError(
                f"pipeline.sagemaker_debugger is {mode}, and SageMaker Debugger has no rules in {self.region}: "
                f"set it to off, or choose a region of {', '.join(debugger.RULES_ACCOUNTS)}"
            )
        return self

    @model_validator(mode="after")
    def _stock_images(self) -> Self:
        """Given images need no registry of AWS's."""
        if self.images.source != "uri" or not self.images.training_uri:
            stock_images.check(self.region, self.images.pytorch_version)
        return self

    @model_validator(mode="after")
    def _zones(self) -> Self:
        """Which zones the account may use is not known here: `kennel preflight` asks."""
        prefix = regions.zone_prefix(self.region)
        for zone in self.network.zone_ids if prefix else ():
            if not zone.startswith(f"{prefix}-"):
                raise ValueError(
                    f"network.zone_ids has {zone}, and the zones of {self.region} are named like {prefix}-az1: choose "
                    "from those, or correct region"
                )
        return self

    @model_validator(mode="after")
    def _studio(self) -> Self:
        """Which endpoints an existing VPC has is not known here: `kennel preflight` asks."""
        reaches = self.network.interface_endpoints or self.network.vpc_id
        if self.studio.enabled and self.studio.vpc_only and not reaches:
            raise ValueError(
                "studio.vpc_only needs network.interface_endpoints: in a network without a way out a notebook could "
                "not even start; set network.interface_endpoints to true, or studio.enabled to false"
            )
        return self

    @model_validator(mode="after")
    def _local_cloud(self) -> Self:
        if self.cloud != "local":
            return self
        for name, value, only in (("account", self.account, LOCAL_ACCOUNT), ("region", self.region, LOCAL_REGION)):
            if value not in (only, None):
                raise ValueError(f"{name} is {value}, and the local cloud has only {only}: leave {name} out")
        if self.images.source == "docker":
            raise ValueError(
                "images.source is docker, and the local cloud does not run containers: set it to uri or codebuild"
            )
        return self

    @model_validator(mode="after")
    def _strict(self) -> Self:
        if not self.strict:
            return self
        for name, value in (
            ("storage.retain", self.storage.retain),
            ("pipeline.isolate", self.pipeline.isolate),
            ("endpoint.isolate", self.endpoint.isolate),
        ):
            if not value:
                raise ValueError(f"{name} must be true with preset strict: choose preset small to turn it off")
        if self.endpoint.min_instances < 2:
            raise ValueError(
                f"endpoint.min_instances ({self.endpoint.min_instances}) must be at least 2 with preset strict"
            )
        if self.pipeline.publish.stable_key:
            raise ValueError(
                "pipeline.publish.stable_key must be false with preset strict: "
                "an endpoint may serve a stale copy of an overwritten key"
            )
        if not self.notify:
            raise ValueError(
                "notify must have an address or a topic with preset strict: nobody else would hear of an alarm or a "
                "failed run"
            )
        return self
