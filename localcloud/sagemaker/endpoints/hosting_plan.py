"""What an endpoint runs: the container of one variant, as its configuration and model describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.sagemaker.containers.models import Model, is_multi_model, model_container
from localcloud.sagemaker.endpoints.requests import EndpointConfig
from localcloud.sagemaker.endpoints.settings import EndpointSettings


@dataclass(frozen=True)
class HostingPlan:
    """A snapshot: later changes of the configuration or the model do not affect a running fleet.

    model_data_url: the archive, or if `multi_model` the prefix of all archives.
    instances_requested: as configured; `instances` is how many run here.
    """

    endpoint_name: str
    config_name: str
    variant_name: str
    image: str
    role: str | None
    multi_model: bool
    cached_models: bool
    model_data_url: str | None
    environment: Mapping[str, str]
    instance_type: str
    instances: int
    instances_requested: int
    startup_seconds: float
    load_seconds: float

    @classmethod
    def of(cls, endpoint_name: str, config: EndpointConfig, model: Model, settings: EndpointSettings) -> HostingPlan:
        """Read the requests that created the endpoint configuration and the model."""
        variant = config["ProductionVariants"][0]
        container = model_container(model)
        requested = variant["InitialInstanceCount"]
        caching = container.get("MultiModelConfig", {}).get("ModelCacheSetting", "Enabled")
        return cls(
            endpoint_name=endpoint_name,
            config_name=config["EndpointConfigName"],
            variant_name=variant["VariantName"],
            image=container["Image"],
            role=model.get("ExecutionRoleArn"),
            multi_model=is_multi_model(container),
            cached_models=caching == "Enabled",
            model_data_url=container.get("ModelDataUrl"),
            environment=container.get("Environment", {}),
            instance_type=variant["InstanceType"],
            instances=max(1, min(requested, settings.max_instances)),
            instances_requested=requested,
            startup_seconds=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", settings.startup_seconds),
            load_seconds=variant.get("ModelDataDownloadTimeoutInSeconds", settings.load_seconds),
        )

    def archive(self, target_model: str | None) -> tuple[str, str]:
        """Bucket and key of the archive that a request's TargetModel names."""
        bucket, _, key = (self.model_data_url or "").removeprefix("s3://").partition("/")
        if target_model is None:
            return bucket, key
        separator = "" if key.endswith("/") or not key else "/"
        return bucket, f"{key}{separator}{target_model.lstrip('/')}"
