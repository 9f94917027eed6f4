"""SageMaker's training, processing, tuning and transform jobs, which really run, and the model registry."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, Protocol

from localcloud.context import Cloud
from localcloud.errors import not_emulated
from localcloud.sagemaker.jobs.processing.api import ProcessingJobs
from localcloud.sagemaker.jobs.processing.run import ProcessingRun
from localcloud.sagemaker.jobs.registry import ModelRegistry
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.tags import Tags
from localcloud.sagemaker.jobs.training.api import TrainingJobs
from localcloud.sagemaker.jobs.training.run import TrainingRun
from localcloud.sagemaker.jobs.transform.api import TransformJobs
from localcloud.sagemaker.jobs.transform.run import TransformRun
from localcloud.sagemaker.jobs.tuning.api import TuningJobs
from localcloud.sagemaker.jobs.validation import check_request

Operation = Callable[[dict[str, Any]], dict[str, Any] | None]

# moto records these and calls them done, or looks for jobs in its own records.
NOT_EMULATED = (
    "CreateAutoMLJobV2",
    "CreateCompilationJob",
    "CreatePipeline",
    "DeleteHyperParameterTuningJob",
    "Search",
    "StartPipelineExecution",
)


class Part(Protocol):
    """Answers some operations, by name."""

    def operations(self) -> dict[str, Operation]: ...


def install(cloud: Cloud) -> None:
    """Answer the job and registry operations of SageMaker in place of moto."""
    assert cloud.app is not None
    # Of a cloud that ended without stopping: its records are gone.
    for execution in (TrainingRun, ProcessingRun, TransformRun):
        shutil.rmtree(cloud.root / execution.folder, ignore_errors=True)
    runner = JobRunner(cloud.max_jobs)
    tags = Tags()
    training = TrainingJobs(cloud, runner, tags)
    parts: list[Part] = [
        training,
        ProcessingJobs(cloud, runner, tags),
        TuningJobs(cloud, runner, tags, training),
        TransformJobs(cloud, runner, tags),
        ModelRegistry(cloud, tags),
    ]
    for part in parts:
        for name, function in part.operations().items():
            cloud.app.operation("sagemaker", name, partial(_checked, name, function))
    for name in NOT_EMULATED:
        cloud.app.operation("sagemaker", name, partial(_refuse, name))
    cloud.app.add_handler(tags.handle)
    cloud.on_stop(runner.close)


def _refuse(operation: str, request: dict[str, Any]) -> NoReturn:
    raise not_emulated("sagemaker", operation)


def _checked(operation: str, function: Operation, request: dict[str, Any]) -> dict[str, Any] | None:
    check_request(operation, request)
    return function(request)
