"""The API operations of transform jobs."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.jobs.records import JobStore, page, select
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.tags import Tags
from localcloud.sagemaker.jobs.transform.checks import check_model, check_transform_request
from localcloud.sagemaker.jobs.transform.record import TransformJob
from localcloud.sagemaker.jobs.transform.run import TransformRun
from localcloud.sagemaker.jobs.validation import validation_error

Parameters = dict[str, Any]


def _missing(name: str) -> AwsError:
    return validation_error(f"Could not find requested job with name: {name}")


def _duplicate(arn: str) -> str:
    return f"Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"


class TransformJobs:
    """Creates, describes, lists and stops transform jobs."""

    def __init__(self, cloud: Cloud, runner: JobRunner, tags: Tags) -> None:
        self._cloud = cloud
        self._runner = runner
        self._tags = tags
        self._store: JobStore[TransformJob] = JobStore(_missing, _duplicate)

    def operations(self) -> dict[str, Any]:
        return {
            "CreateTransformJob": self._create,
            "DescribeTransformJob": lambda request: self._store.get(request["TransformJobName"]).describe(),
            "ListTransformJobs": self._list,
            "StopTransformJob": self._stop,
        }

    def _create(self, request: Parameters) -> Parameters:
        check_transform_request(request)
        model = self._model(request["ModelName"])
        check_model(model)
        name = request["TransformJobName"]
        arn = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:transform-job/{name}"
        job = TransformJob(name, arn, request, model=model)
        self._store.add(job)
        self._tags.add(arn, request.get("Tags", []))
        self._runner.start(f"transform-{name}", TransformRun(self._cloud, self._runner, job).run)
        return {"TransformJobArn": arn}

    def _model(self, name: str) -> Parameters:
        try:
            return self._cloud.client("sagemaker").describe_model(ModelName=name)
        except ClientError as error:
            raise validation_error(error.response["Error"]["Message"]) from error

    def _stop(self, request: Parameters) -> None:
        job = self._store.get(request["TransformJobName"])
        if job.is_final:
            raise validation_error(f"The request was rejected because the transform job is in status {job.status}.")
        job.request_stop()
        self._runner.wake()

    def _list(self, query: Parameters) -> Parameters:
        jobs = select(self._store.all(), query)
        return page([job.summary() for job in jobs], query, "TransformJobSummaries")
