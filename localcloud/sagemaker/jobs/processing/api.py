"""The API operations of processing jobs."""

from __future__ import annotations

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.api.images import check_image
from localcloud.sagemaker.api.listing import ListQuery, page, select
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.jobs.processing.checks import check_processing_request
from localcloud.sagemaker.jobs.processing.record import ProcessingJob
from localcloud.sagemaker.jobs.processing.request import ProcessingJobName, ProcessingRequest
from localcloud.sagemaker.jobs.processing.run import ProcessingRun
from localcloud.sagemaker.jobs.records import JobStore
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.service_quotas.account import Use


def _missing(name: str) -> AwsError:
    return validation_error(f"Could not find requested job with name: {name}")


def _duplicate(arn: str) -> str:
    return f"Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"


def _use(request: ProcessingRequest) -> Use:
    cluster = request["ProcessingResources"]["ClusterConfig"]
    return Use("processing", cluster["InstanceType"], cluster["InstanceCount"])


class ProcessingJobs:
    """Creates, describes, lists and stops processing jobs."""

    def __init__(self, cloud: Cloud, runner: JobRunner, tags: Tags) -> None:
        self._cloud = cloud
        self._runner = runner
        self._tags = tags
        self._store: JobStore[ProcessingJob] = JobStore(_missing, _duplicate)
        cloud.quotas.count(lambda: [_use(job.request) for job in self._store.all() if not job.is_final])

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateProcessingJob": self._create,
            "DescribeProcessingJob": self._describe,
            "ListProcessingJobs": self._list,
            "StopProcessingJob": self._stop,
        }

    def _create(self, request: ProcessingRequest) -> Answer:
        check_processing_request(request)
        check_image(self._cloud, request["AppSpecification"]["ImageUri"], request["RoleArn"])
        name = request["ProcessingJobName"]
        arn = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:processing-job/{name}"
        job = ProcessingJob(name, arn, request)
        with self._cloud.quotas.admit(_use(request)):
            self._store.add(job)
        self._tags.add(arn, request.get("Tags", []))
        self._runner.start(f"processing-{name}", ProcessingRun(self._cloud, self._runner, job).run)
        return {"ProcessingJobArn": arn}

    def _describe(self, request: ProcessingJobName) -> Answer:
        return self._store.get(request["ProcessingJobName"]).describe()

    def _stop(self, request: ProcessingJobName) -> None:
        job = self._store.get(request["ProcessingJobName"])
        if job.is_final:
            raise validation_error(f"The request was rejected because the processing job is in status {job.status}.")
        job.request_stop()
        self._runner.wake()

    def _list(self, query: ListQuery) -> Answer:
        jobs = select(self._store.all(), query)
        return page([job.summary() for job in jobs], query, "ProcessingJobSummaries")
