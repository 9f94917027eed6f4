"""Models as CreateModel takes them and DescribeModel returns them: the fields that are read here."""

from __future__ import annotations

from typing import TypedDict

from localcloud.sagemaker.api.tags import Tag


class MultiModelConfig(TypedDict, total=False):
    ModelCacheSetting: str


class ContainerDefinition(TypedDict, total=False):
    """ModelDataUrl: the archive, or for Mode MultiModel the prefix of all archives."""

    Image: str
    Mode: str
    ModelDataUrl: str
    Environment: dict[str, str]
    MultiModelConfig: MultiModelConfig


class _ModelName(TypedDict):
    ModelName: str


class Model(_ModelName, total=False):
    PrimaryContainer: ContainerDefinition
    Containers: list[ContainerDefinition]
    ExecutionRoleArn: str
    EnableNetworkIsolation: bool
    Tags: list[Tag]


def model_container(model: Model) -> ContainerDefinition:
    """The definition of a model's one container."""
    return model.get("PrimaryContainer") or model["Containers"][0]


def is_multi_model(container: ContainerDefinition) -> bool:
    return container.get("Mode", "SingleModel") == "MultiModel"
