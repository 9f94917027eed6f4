"""SageMaker's training, processing and tuning jobs, which really run, and the model registry."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from localcloud.context import Cloud
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.tags import Tags
from localcloud.sagemaker.jobs.training.api import TrainingJobs
from localcloud.sagemaker.jobs.validation import check_request

Operation = Callable[[dict[str, Any]], dict[str, Any] | None]


def install(cloud: Cloud) -> None:
    """Answer the job and registry operations of SageMaker in place of moto."""
    assert cloud.app is not None
    runner = JobRunner(cloud.max_jobs)
    tags = Tags()
    training = TrainingJobs(cloud, runner, tags)
    parts = [training]
    for part in parts:
        for name, function in part.operations().items():
            cloud.app.operation("sagemaker", name, partial(_checked, name, function))
    cloud.app.add_handler(tags.handle)
    cloud.on_stop(runner.close)


def _checked(operation: str, function: Operation, request: dict[str, Any]) -> dict[str, Any] | None:
    check_request(operation, request)
    return function(request)
