"""The model registry: model package groups, and packages with versions, approval and metadata."""

from __future__ import annotations

from localcloud.context import Cloud
from localcloud.sagemaker.api.operations import install_operations
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.model_registry.api import ModelRegistry
from localcloud.server import Application


def install(cloud: Cloud, app: Application) -> None:
    """Answer the operations of the model registry in place of moto."""
    tags = Tags()
    install_operations(cloud, app, [ModelRegistry(cloud, tags)])
    app.add_handler(tags.handle)
