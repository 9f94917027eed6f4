"""SageMaker's training, processing, tuning and transform jobs, which really run."""

from __future__ import annotations

import shutil

from localcloud.context import Cloud
from localcloud.sagemaker.api.operations import install_operations
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.jobs.processing.api import ProcessingJobs
from localcloud.sagemaker.jobs.processing.run import ProcessingRun
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.training.api import TrainingJobs
from localcloud.sagemaker.jobs.training.run import TrainingRun
from localcloud.sagemaker.jobs.transform.api import TransformJobs
from localcloud.sagemaker.jobs.transform.run import TransformRun
from localcloud.sagemaker.jobs.tuning.api import TuningJobs


def install(cloud: Cloud) -> None:
    """Answer the job operations of SageMaker in place of moto."""
    assert cloud.app is not None
    # A cloud that ended without stopping leaves folders behind; its records are gone.
    for execution in (TrainingRun, ProcessingRun, TransformRun):
        shutil.rmtree(cloud.root / execution.folder, ignore_errors=True)
    runner = JobRunner(cloud.max_jobs)
    tags = Tags()
    training = TrainingJobs(cloud, runner, tags)
    parts = (
        training,
        ProcessingJobs(cloud, runner, tags),
        TuningJobs(cloud, runner, tags, training),
        TransformJobs(cloud, runner, tags),
    )
    install_operations(cloud, cloud.app, parts)
    cloud.app.add_handler(tags.handle)
    cloud.on_stop(runner.close)
