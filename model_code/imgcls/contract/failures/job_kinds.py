"""The kinds of SageMaker jobs: what the service calls their operations and fields, and where their logs are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class JobKind:
    """`name` is ours; `noun` is the service's, as in `Describe<noun>`."""

    name: str
    noun: str
    log_group: str
    stream_separator: str = "/"
    """Follows the job's name in the names of its log streams."""

    @property
    def name_field(self) -> str:
        return f"{self.noun}Name"

    @property
    def status_field(self) -> str:
        return f"{self.noun}Status"

    def operation(self, verb: str) -> str:
        """`DescribeTrainingJob` for the verb `Describe`."""
        return f"{verb}{self.noun}"

    def stream_prefix(self, job: str) -> str:
        """How the names of a job's log streams begin."""
        return job + self.stream_separator


TRAINING = JobKind("training", "TrainingJob", "/aws/sagemaker/TrainingJobs")
PROCESSING = JobKind("processing", "ProcessingJob", "/aws/sagemaker/ProcessingJobs")
# A tuning job has no log of its own: its trials are training jobs named `<tuning job>-<number>-<suffix>`.
TUNING = JobKind("tuning", "HyperParameterTuningJob", TRAINING.log_group, stream_separator="-")
TRANSFORM = JobKind("transform", "TransformJob", "/aws/sagemaker/TransformJobs")

BY_NAME = {kind.name: kind for kind in (TRAINING, PROCESSING, TUNING, TRANSFORM)}


def find(document: Mapping[str, Any]) -> tuple[JobKind, str] | None:
    """The kind and the name of the job that a request or a description is about; None if it is about no job."""
    return next(
        ((kind, str(document[kind.name_field])) for kind in BY_NAME.values() if kind.name_field in document), None
    )
