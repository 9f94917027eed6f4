"""Training, processing and tuning jobs that really run."""

from localcloud.context import Cloud


def install(cloud: Cloud) -> None:
    """Put the jobs of this package behind the SageMaker API."""
