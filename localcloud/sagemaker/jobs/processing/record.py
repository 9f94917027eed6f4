"""A processing job's record and its describe answer."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.sagemaker.api.answers import echoed, present
from localcloud.sagemaker.jobs.processing.request import ProcessingRequest
from localcloud.sagemaker.jobs.records import Job


@dataclass
class ProcessingJob(Job):
    request: ProcessingRequest
    exit_message: str | None = None

    def describe(self) -> dict[str, object]:
        with self.lock:
            return {
                **echoed(self.request, "DescribeProcessingJob"),
                **present(
                    ProcessingJobArn=self.arn,
                    ProcessingJobStatus=self.status,
                    ExitMessage=self.exit_message,
                    FailureReason=self.failure_reason,
                    CreationTime=self.created,
                    LastModifiedTime=self.modified,
                    ProcessingStartTime=self.started,
                    ProcessingEndTime=self.ended if self.started else None,
                ),
            }

    def summary(self) -> dict[str, object]:
        with self.lock:
            return present(
                ProcessingJobName=self.name,
                ProcessingJobArn=self.arn,
                CreationTime=self.created,
                ProcessingEndTime=self.ended,
                LastModifiedTime=self.modified,
                ProcessingJobStatus=self.status,
                FailureReason=self.failure_reason,
                ExitMessage=self.exit_message,
            )
