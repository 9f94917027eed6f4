"""The API operations of tuning jobs."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.api.images import check_image
from localcloud.sagemaker.api.listing import ListQuery, SortKey, page, select
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.jobs.records import JobStore
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.training.api import TrainingJobs
from localcloud.sagemaker.jobs.tuning.checks import check_tuning_request
from localcloud.sagemaker.jobs.tuning.record import Trial, TuningJob
from localcloud.sagemaker.jobs.tuning.request import NAME, ListTrialsQuery, TuningJobName, TuningRequest
from localcloud.sagemaker.jobs.tuning.run import TuningRun
from localcloud.sagemaker.jobs.tuning.warm_start import check_warm_start, parent_names


def _missing(name: str) -> AwsError:
    return AwsError("ResourceNotFound", f"Amazon SageMaker can't find a tuning job with the name {name}.")


def _duplicate(arn: str) -> str:
    return (
        "Tuning job names must be unique within an AWS account and region, "
        f"and a tuning job with this name already exists ({arn})"
    )


class TuningJobs:
    """Creates, describes, lists and stops tuning jobs."""

    def __init__(self, cloud: Cloud, runner: JobRunner, tags: Tags, training: TrainingJobs) -> None:
        self._cloud = cloud
        self._runner = runner
        self._tags = tags
        self._training = training
        self._store: JobStore[TuningJob] = JobStore(_missing, _duplicate)

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateHyperParameterTuningJob": self._create,
            "DescribeHyperParameterTuningJob": self._describe,
            "ListHyperParameterTuningJobs": self._list,
            "ListTrainingJobsForHyperParameterTuningJob": self._list_trials,
            "StopHyperParameterTuningJob": self._stop,
        }

    def _create(self, request: TuningRequest) -> Answer:
        check_tuning_request(request)
        definition = request["TrainingJobDefinition"]
        check_image(self._cloud, definition["AlgorithmSpecification"]["TrainingImage"], definition["RoleArn"])
        parents = [self._parent(name) for name in parent_names(request)]
        check_warm_start(request, parents)
        self._cloud.quotas.require_trials(
            request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxParallelTrainingJobs"]
        )
        name = request[NAME]
        arn = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:hyper-parameter-tuning-job/{name}"
        job = TuningJob(name, arn, request, parents=parents)
        self._store.add(job)
        self._tags.add(arn, request.get("Tags", []))
        self._runner.start(f"tuning-{name}", lambda: TuningRun(self._runner, self._training, job).run())
        return {"HyperParameterTuningJobArn": arn}

    def _parent(self, name: str) -> TuningJob:
        try:
            return self._store.get(name)
        except AwsError as missing:
            raise validation_error(f"Parent tuning job {name} does not exist.") from missing

    def _describe(self, request: TuningJobName) -> Answer:
        return self._store.get(request[NAME]).describe()

    def _stop(self, request: TuningJobName) -> None:
        job = self._store.get(request[NAME])
        if job.is_final:
            raise validation_error(f"The request was rejected because the tuning job is in status {job.status}.")
        job.request_stop()

    def _list(self, query: ListQuery) -> Answer:
        jobs = select(self._store.all(), query, sort_by="Name")
        return page([job.summary() for job in jobs], query, "HyperParameterTuningJobSummaries")

    def _list_trials(self, query: ListTrialsQuery) -> Answer:
        tuning_job = self._store.get(query[NAME])
        trials = [trial for trial in tuning_job.trials if query.get("StatusEquals") in (None, trial.job.status)]
        sort_by = query.get("SortBy", "Name")
        if sort_by == "FinalObjectiveMetricValue":  # the service leaves out the jobs that have none
            trials = [trial for trial in trials if trial.objective is not None]
        keys: dict[str, Callable[[Trial], SortKey]] = {
            "Name": lambda trial: trial.job.name,
            "CreationTime": lambda trial: trial.job.created,
            "Status": lambda trial: trial.job.status,
            "FinalObjectiveMetricValue": lambda trial: trial.objective or 0.0,
        }
        trials.sort(key=keys[sort_by], reverse=query.get("SortOrder", "Ascending") == "Descending")
        return page([trial.summary() for trial in trials], query, "TrainingJobSummaries")
