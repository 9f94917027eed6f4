"""SageMaker endpoints whose containers are real serving processes."""

from __future__ import annotations

from functools import partial

from localcloud.context import Cloud
from localcloud.sagemaker.api.operations import install_operations
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.containers.models import Model
from localcloud.sagemaker.endpoints.api import Endpoints
from localcloud.sagemaker.endpoints.checks import check_endpoint_config, check_model
from localcloud.sagemaker.endpoints.invocation import RuntimeApi
from localcloud.sagemaker.endpoints.models_and_configs import RecordStore
from localcloud.sagemaker.endpoints.requests import EndpointConfig
from localcloud.sagemaker.endpoints.settings import EndpointSettings
from localcloud.server import Application


def install(cloud: Cloud, app: Application) -> None:
    """Answer the model, endpoint configuration and endpoint operations, and the runtime, in place of moto."""
    settings = EndpointSettings.from_environment()
    tags = Tags()
    models: RecordStore[Model] = RecordStore(cloud, tags, "Model", "model", partial(check_model, cloud=cloud))
    check_config = partial(check_endpoint_config, models=models)
    configs: RecordStore[EndpointConfig] = RecordStore(cloud, tags, "EndpointConfig", "endpoint config", check_config)
    endpoints = Endpoints(cloud, tags, models, configs, settings)
    install_operations(cloud, app, [models, configs, endpoints])
    app.add_handler(RuntimeApi(cloud, endpoints, settings).handle)
    app.add_handler(tags.handle)
    cloud.on_stop(endpoints.close)
