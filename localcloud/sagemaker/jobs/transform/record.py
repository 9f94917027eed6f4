"""A transform job's record and its describe answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from localcloud.sagemaker.api.answers import echoed, present
from localcloud.sagemaker.containers.models import Model
from localcloud.sagemaker.jobs.records import Job
from localcloud.sagemaker.jobs.transform.request import TransformRequest


@dataclass
class TransformJob(Job):
    """`model`: its description at the time of the request, as the model may be deleted while the job runs."""

    request: TransformRequest
    model: Model = field(kw_only=True)

    def describe(self) -> dict[str, object]:
        with self.lock:
            return {
                **echoed(self.request, "DescribeTransformJob"),
                **present(
                    TransformJobArn=self.arn,
                    TransformJobStatus=self.status,
                    FailureReason=self.failure_reason,
                    CreationTime=self.created,
                    TransformStartTime=self.started,
                    TransformEndTime=self.ended if self.started else None,
                ),
            }

    def summary(self) -> dict[str, object]:
        with self.lock:
            return present(
                TransformJobName=self.name,
                TransformJobArn=self.arn,
                CreationTime=self.created,
                TransformEndTime=self.ended,
                LastModifiedTime=self.modified,
                TransformJobStatus=self.status,
                FailureReason=self.failure_reason,
            )
