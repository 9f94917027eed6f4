"""Endpoints that really serve."""

from localcloud.context import Cloud
from localcloud.server import Application


def install(cloud: Cloud, app: Application) -> None:
    """Put the endpoints of this package behind the SageMaker APIs."""
