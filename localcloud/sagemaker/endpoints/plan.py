"""What an endpoint runs: one variant's container, read from its configuration and model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.sagemaker.endpoints.settings import EndpointSettings


@dataclass(frozen=True)
class HostingPlan:
    """A snapshot: later changes to configuration or model do not reach a running fleet.

    model_data_url: the archive, or for `multi_model` the prefix of all archives.
    instances_asked: as configured; `instances` is what runs here.
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
    instances: int
    instances_asked: int
    startup_seconds: float
    load_seconds: float

    @classmethod
    def of(
        cls, endpoint_name: str, config: Mapping[str, Any], model: Mapping[str, Any], settings: EndpointSettings
    ) -> HostingPlan:
        """From the requests that made the endpoint configuration and the model."""
        variant = config["ProductionVariants"][0]
        container = model.get("PrimaryContainer") or model["Containers"][0]
        asked = variant["InitialInstanceCount"]
        caching = container.get("MultiModelConfig", {}).get("ModelCacheSetting", "Enabled")
        return cls(
            endpoint_name=endpoint_name,
            config_name=config["EndpointConfigName"],
            variant_name=variant["VariantName"],
            image=container["Image"],
            role=model.get("ExecutionRoleArn"),
            multi_model=container.get("Mode", "SingleModel") == "MultiModel",
            cached_models=caching == "Enabled",
            model_data_url=container.get("ModelDataUrl"),
            environment=container.get("Environment", {}),
            instances=max(1, min(asked, settings.max_instances)),
            instances_asked=asked,
            startup_seconds=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", settings.startup_seconds),
            load_seconds=variant.get("ModelDataDownloadTimeoutInSeconds", settings.load_seconds),
        )

    def archive(self, target_model: str | None) -> tuple[str, str]:
        """Bucket and key of the archive that a request's TargetModel means."""
        bucket, _, key = (self.model_data_url or "").removeprefix("s3://").partition("/")
        if target_model is None:
            return bucket, key
        separator = "" if key.endswith("/") or not key else "/"
        return bucket, f"{key}{separator}{target_model.lstrip('/')}"
