"""The three environments, each a function that returns its configuration."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from config import catalog
from config.app import AppConfig
from config.base import ConfigError, explain
from config.compute import JobCompute, SpotConfig
from config.platform import ImagesConfig, MonitoringConfig, NetworkConfig, StorageConfig, StudioConfig
from config.serving import EndpointConfig, RolloutConfig
from config.training import GateConfig, PublishConfig, TrainingConfig

CORE_MODELS = (catalog.BREEDS.name, catalog.BREEDS_MOBILE.name)


def local() -> AppConfig:
    """The laptop: the same stacks in the local cloud, which maps the image URIs to commands of this clone."""
    job = JobCompute(instance_type="ml.m5.large", max_runtime_seconds=3600)
    return AppConfig(
        environment="local",
        account="123456789012",
        strict=False,
        storage=StorageConfig(retain=False),
        images=ImagesConfig(
            source="uri",
            training_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/kennel/training:local",
            jobs_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/kennel/jobs:local",
            serving_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/kennel/serving:local",
        ),
        training=TrainingConfig(
            preparation=job,
            training=job,
            evaluation=job,
            # Nothing is cheaper here, but what interrupts and resumes a training is then what everybody runs.
            spot=SpotConfig(enabled=True, max_wait_seconds=2 * 3600),
            default_models=CORE_MODELS,
            max_concurrency=2,
            gate=GateConfig(min_accuracy=0.6),
            publish=PublishConfig(stable_key=True),
        ),
        endpoint=EndpointConfig(
            name="kennel-local",
            instance_type="ml.m5.large",
            min_instances=1,
            max_instances=1,
            rollout=RolloutConfig(kind="all_at_once", wait_seconds=0, termination_wait_seconds=0),
        ),
        datasets=catalog.DATASETS,
        models=tuple(catalog.for_laptop(model) for model in catalog.MODELS),
    )


def dev() -> AppConfig:
    """A real account at small cost: one endpoint instance, everything removable."""
    return AppConfig(
        environment="dev",
        strict=False,
        storage=StorageConfig(retain=False, run_days=14),
        images=ImagesConfig(source="codebuild"),
        training=TrainingConfig(
            preparation=JobCompute(instance_type="ml.m5.2xlarge", max_runtime_seconds=2 * 3600),
            training=JobCompute(
                instance_type="ml.g5.xlarge",
                volume_gb=100,
                max_runtime_seconds=4 * 3600,
                fallback_instance_types=("ml.g4dn.xlarge",),
            ),
            evaluation=JobCompute(instance_type="ml.c7i.2xlarge", max_runtime_seconds=2 * 3600),
            spot=SpotConfig(enabled=True, max_wait_seconds=8 * 3600),
            default_models=CORE_MODELS,
            publish=PublishConfig(stable_key=True),
        ),
        endpoint=EndpointConfig(
            name="kennel-dev",
            instance_type="ml.c7i.large",
            min_instances=1,
            max_instances=2,
            rollout=RolloutConfig(kind="all_at_once"),
        ),
        monitoring=MonitoringConfig(log_retention_days=14, monthly_budget_usd=200),
        datasets=catalog.DATASETS,
        models=catalog.MODELS,
    )


def prod() -> AppConfig:
    """Every control on: retained data, isolation, two instances, canary with rollback alarms."""
    return AppConfig(
        environment="prod",
        strict=True,
        storage=StorageConfig(retain=True),
        network=NetworkConfig(interface_endpoints=True),
        studio=StudioConfig(vpc_only=True),
        images=ImagesConfig(source="codebuild"),
        training=TrainingConfig(
            preparation=JobCompute(instance_type="ml.m5.2xlarge", max_runtime_seconds=4 * 3600),
            training=JobCompute(
                instance_type="ml.g5.2xlarge",
                volume_gb=200,
                max_runtime_seconds=8 * 3600,
                fallback_instance_types=("ml.g5.xlarge", "ml.g4dn.2xlarge"),
            ),
            evaluation=JobCompute(instance_type="ml.c7i.2xlarge", max_runtime_seconds=4 * 3600),
            default_models=CORE_MODELS,
            budget_usd_per_run=500,
            gate=GateConfig(min_accuracy=0.7),
        ),
        endpoint=EndpointConfig(name="kennel-prod", instance_type="ml.c7i.xlarge", min_instances=2, max_instances=6),
        monitoring=MonitoringConfig(log_retention_days=365, monthly_budget_usd=2000),
        datasets=catalog.DATASETS,
        models=catalog.MODELS,
    )


ENVIRONMENTS: dict[str, Callable[[], AppConfig]] = {"local": local, "dev": dev, "prod": prod}


def load(environment: str) -> AppConfig:
    """The configuration of `environment`. Raises ConfigError with one sentence a finding."""
    if environment not in ENVIRONMENTS:
        raise ConfigError(f"env is {environment!r}; choose from {', '.join(ENVIRONMENTS)}")
    try:
        return ENVIRONMENTS[environment]()
    except ValidationError as error:
        raise explain(error) from None
