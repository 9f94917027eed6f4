"""SageMaker endpoints whose containers are real serving processes."""

from __future__ import annotations

from functools import partial

from localcloud.context import Cloud
from localcloud.sagemaker.endpoints.api import Endpoints
from localcloud.sagemaker.endpoints.definitions import Definitions, check_endpoint_config, check_model
from localcloud.sagemaker.endpoints.invocation import Runtime
from localcloud.sagemaker.endpoints.settings import EndpointSettings
from localcloud.sagemaker.jobs.tags import Tags
from localcloud.server import Application


def install(cloud: Cloud, app: Application) -> None:
    """Answer the model, endpoint-configuration and endpoint operations, and the runtime, in place of moto."""
    settings = EndpointSettings.from_environment()
    tags = Tags()
    models = Definitions(cloud, tags, "Model", "model", check_model)
    check_config = partial(check_endpoint_config, models=models)
    configs = Definitions(cloud, tags, "EndpointConfig", "endpoint config", check_config)
    endpoints = Endpoints(cloud, tags, models, configs, settings)
    for part in (models, configs, endpoints):
        for name, function in part.operations().items():
            app.operation("sagemaker", name, function)
    app.add_handler(Runtime(cloud, endpoints, settings).handle)
    app.add_handler(tags.handle)
    cloud.on_stop(endpoints.close)
