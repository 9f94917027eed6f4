"""The API operations of transform jobs."""

from __future__ import annotations

from botocore.exceptions import ClientError

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.api.listing import ListQuery, page, select
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.containers.models import Model
from localcloud.sagemaker.jobs.records import JobStore
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.transform.checks import check_model, check_transform_request
from localcloud.sagemaker.jobs.transform.record import TransformJob
from localcloud.sagemaker.jobs.transform.request import TransformJobName, TransformRequest
from localcloud.sagemaker.jobs.transform.run import TransformRun
from localcloud.service_quotas.account import Use


def _missing(name: str) -> AwsError:
    return validation_error(f"Could not find requested job with name: {name}")


def _duplicate(arn: str) -> str:
    return f"Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"


def _use(request: TransformRequest) -> Use:
    resources = request["TransformResources"]
    return Use("transform", resources["InstanceType"], resources["InstanceCount"])


class TransformJobs:
    """Creates, describes, lists and stops transform jobs."""

    def __init__(self, cloud: Cloud, runner: JobRunner, tags: Tags) -> None:
        self._cloud = cloud
        self._runner = runner
        self._tags = tags
        self._store: JobStore[TransformJob] = JobStore(_missing, _duplicate)
        cloud.quotas.count(lambda: [_use(job.request) for job in self._store.all() if not job.is_final])

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateTransformJob": self._create,
            "DescribeTransformJob": self._describe,
            "ListTransformJobs": self._list,
            "StopTransformJob": self._stop,
        }

    def _create(self, request: TransformRequest) -> Answer:
        check_transform_request(request)
        model = self._model(request["ModelName"])
        check_model(model)
        name = request["TransformJobName"]
        arn = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:transform-job/{name}"
        job = TransformJob(name, arn, request, model=model)
        with self._cloud.quotas.admit(_use(request)):
            self._store.add(job)
        self._tags.add(arn, request.get("Tags", []))
        self._runner.start(f"transform-{name}", TransformRun(self._cloud, self._runner, job).run)
        return {"TransformJobArn": arn}

    def _model(self, name: str) -> Model:
        try:
            model: Model = self._cloud.client("sagemaker").describe_model(ModelName=name)
        except ClientError as error:
            raise validation_error(error.response["Error"]["Message"]) from error
        return model

    def _describe(self, request: TransformJobName) -> Answer:
        return self._store.get(request["TransformJobName"]).describe()

    def _stop(self, request: TransformJobName) -> None:
        job = self._store.get(request["TransformJobName"])
        if job.is_final:
            raise validation_error(f"The request was rejected because the transform job is in status {job.status}.")
        job.request_stop()
        self._runner.wake()

    def _list(self, query: ListQuery) -> Answer:
        jobs = select(self._store.all(), query)
        return page([job.summary() for job in jobs], query, "TransformJobSummaries")
