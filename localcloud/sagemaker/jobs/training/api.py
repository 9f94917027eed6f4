"""The API operations of training jobs."""

from __future__ import annotations

from typing import Any

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.jobs.records import JobStore, page, select
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.tags import Tags
from localcloud.sagemaker.jobs.training.checks import check_training_request
from localcloud.sagemaker.jobs.training.record import TrainingJob, Trial
from localcloud.sagemaker.jobs.training.run import TrainingRun
from localcloud.sagemaker.jobs.validation import validation_error

Parameters = dict[str, Any]


def _missing(name: str) -> AwsError:
    return validation_error("Requested resource not found.")


def _duplicate(arn: str) -> str:
    return (
        "Training job names must be unique within an AWS account and region, "
        f"and a training job with this name already exists ({arn})"
    )


class TrainingJobs:
    """Creates, describes, lists and stops training jobs."""

    def __init__(self, cloud: Cloud, runner: JobRunner, tags: Tags) -> None:
        self._cloud = cloud
        self._runner = runner
        self._tags = tags
        self._store: JobStore[TrainingJob] = JobStore(_missing, _duplicate)

    def operations(self) -> dict[str, Any]:
        return {
            "CreateTrainingJob": lambda request: {"TrainingJobArn": self.create(request).arn},
            "DescribeTrainingJob": lambda request: self._store.get(request["TrainingJobName"]).describe(),
            "ListTrainingJobs": self._list,
            "StopTrainingJob": lambda request: self.stop(request["TrainingJobName"]),
        }

    def create(self, request: Parameters, trial: Trial | None = None) -> TrainingJob:
        check_training_request(request)
        name = request["TrainingJobName"]
        arn = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:training-job/{name}"
        job = TrainingJob(name, arn, request, trial=trial)
        run = TrainingRun(self._cloud, self._runner, job)
        self._store.add(job)
        self._tags.add(arn, request.get("Tags", []))
        self._runner.start(f"training-{name}", run.run)
        return job

    def stop(self, name: str) -> None:
        job = self._store.get(name)
        if job.is_final:
            raise validation_error(f"The request was rejected because the training job is in status {job.status}.")
        job.request_stop()
        self._runner.wake()

    def _list(self, query: Parameters) -> Parameters:
        for field in ("WarmPoolStatusEquals", "TrainingPlanArnEquals"):
            if query.get(field):
                return {"TrainingJobSummaries": []}  # no job here has a warm pool or a training plan
        jobs = select(self._store.all(), query)
        return page([job.summary() for job in jobs], query, "TrainingJobSummaries")
