"""A transform job's record and its describe answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localcloud.sagemaker.jobs.records import Job, present
from localcloud.sagemaker.jobs.validation import echoed


@dataclass
class TransformJob(Job):
    """`model`: the model's description at the time of the request; the model may be deleted while the job runs."""

    model: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
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

    def summary(self) -> dict[str, Any]:
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
