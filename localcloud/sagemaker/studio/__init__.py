"""Studio: domains, profiles, spaces and apps are recorded, and block each other's deletion; notebooks do not run."""

from __future__ import annotations

from localcloud.context import Cloud
from localcloud.sagemaker.api.operations import install_operations
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.studio.apps import Apps
from localcloud.sagemaker.studio.domains import Studio
from localcloud.sagemaker.studio.network import StudioNetwork
from localcloud.sagemaker.studio.records import Recorder
from localcloud.server import Application


def install(cloud: Cloud, app: Application) -> None:
    """Answer the Studio operations in place of moto."""
    tags = Tags()
    recorder, network = Recorder(cloud, tags), StudioNetwork(cloud)
    apps = Apps(recorder, network)
    install_operations(cloud, app, [Studio(recorder, apps, network), apps])
    app.add_handler(tags.handle)
