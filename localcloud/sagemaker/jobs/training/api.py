"""The API operations of training jobs."""

from __future__ import annotations

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.api.images import check_image
from localcloud.sagemaker.api.listing import page, select
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.jobs.records import JobStore
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.training.checks import check_training_request
from localcloud.sagemaker.jobs.training.record import TrainingJob, TuningJobReference
from localcloud.sagemaker.jobs.training.request import ListTrainingJobsQuery, TrainingJobName, TrainingRequest
from localcloud.sagemaker.jobs.training.run import TrainingRun
from localcloud.service_quotas.account import Use


def _missing(name: str) -> AwsError:
    return validation_error("Requested resource not found.")


def _duplicate(arn: str) -> str:
    return (
        "Training job names must be unique within an AWS account and region, "
        f"and a training job with this name already exists ({arn})"
    )


def _use(request: TrainingRequest) -> Use:
    """The instances of a job, which count by themselves where they are spot instances."""
    resources = request["ResourceConfig"]
    kind = "spot training" if request.get("EnableManagedSpotTraining") else "training"
    return Use(kind, resources["InstanceType"], resources["InstanceCount"])


class TrainingJobs:
    """Creates, describes, lists and stops training jobs."""

    def __init__(self, cloud: Cloud, runner: JobRunner, tags: Tags) -> None:
        self._cloud = cloud
        self._runner = runner
        self._tags = tags
        self._store: JobStore[TrainingJob] = JobStore(_missing, _duplicate)
        cloud.quotas.count(lambda: [_use(job.request) for job in self._store.all() if not job.is_final])

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": self._describe,
            "ListTrainingJobs": self._list,
            "StopTrainingJob": self._stop,
        }

    def create(self, request: TrainingRequest, tuning_job: TuningJobReference | None = None) -> TrainingJob:
        """Start a job; `tuning_job` is the tuning job that it is a trial of."""
        check_training_request(request)
        check_image(self._cloud, request["AlgorithmSpecification"]["TrainingImage"], request["RoleArn"])
        name = request["TrainingJobName"]
        arn = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:training-job/{name}"
        job = TrainingJob(name, arn, request, tuning_job=tuning_job)
        run = TrainingRun(self._cloud, self._runner, job)
        with self._cloud.quotas.admit(_use(request)):
            self._store.add(job)
        self._tags.add(arn, request.get("Tags", []))
        self._runner.start(f"training-{name}", run.run)
        return job

    def _create(self, request: TrainingRequest) -> Answer:
        return {"TrainingJobArn": self.create(request).arn}

    def _describe(self, request: TrainingJobName) -> Answer:
        return self._store.get(request["TrainingJobName"]).describe()

    def _stop(self, request: TrainingJobName) -> None:
        job = self._store.get(request["TrainingJobName"])
        if job.is_final:
            raise validation_error(f"The request was rejected because the training job is in status {job.status}.")
        job.request_stop()
        self._runner.wake()

    def _list(self, query: ListTrainingJobsQuery) -> Answer:
        if query.get("WarmPoolStatusEquals") or query.get("TrainingPlanArnEquals"):
            return {"TrainingJobSummaries": []}  # no job here has a warm pool or a training plan
        jobs = select(self._store.all(), query)
        return page([job.summary() for job in jobs], query, "TrainingJobSummaries")
