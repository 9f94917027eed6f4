"""A training job's record and its describe answer."""

from __future__ import annotations

import datetime
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from localcloud.sagemaker.api.answers import echoed, now, present
from localcloud.sagemaker.jobs.metrics import FinalMetric
from localcloud.sagemaker.jobs.records import FINAL_STATUSES, Job
from localcloud.sagemaker.jobs.training.request import TrainingRequest

# The service's message for each secondary status.
MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "Training job interrupted: the managed spot training instances were reclaimed",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}
# Secondary statuses of a job that is Stopped.
_STOPPED_BY_LIMIT = ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")
# An assumed spot price as a share of the on-demand price; the real one varies and is not known here.
SPOT_PRICE_RATIO = 0.3


@dataclass(frozen=True)
class TuningJobReference:
    """The tuning job that a training job is a trial of."""

    name: str
    arn: str


class Transition(TypedDict):
    """An entry of SecondaryStatusTransitions."""

    Status: str
    StartTime: datetime.datetime
    StatusMessage: str
    EndTime: NotRequired[datetime.datetime]


@dataclass
class TrainingJob(Job):
    request: TrainingRequest
    secondary_status: str = ""
    transitions: list[Transition] = field(default_factory=list)
    final_metrics: list[FinalMetric] = field(default_factory=list)
    artifacts: str | None = None
    tuning_job: TuningJobReference | None = None
    metric_values: Callable[[str], list[float]] = field(default=lambda name: [])
    done: threading.Event = field(default_factory=threading.Event)
    waited: datetime.timedelta = datetime.timedelta()  # time spent interrupted, waiting for capacity
    interrupted_at: datetime.datetime | None = None

    def __post_init__(self) -> None:
        self.enter("Starting")

    def enter(self, secondary_status: str, failure_reason: str | None = None) -> None:
        """Change to a secondary status; one that ends the job sets its status, too."""
        with self.lock:
            final = "Stopped" if secondary_status in _STOPPED_BY_LIMIT else secondary_status
            if self.status == "Stopping" and final not in FINAL_STATUSES:
                return  # it proceeds to its end, but its status remains Stopping until then
            moment = now()
            self._count_waiting(secondary_status, moment)
            if self.transitions:
                self.transitions[-1].setdefault("EndTime", moment)
            message = failure_reason or MESSAGES[secondary_status]
            self.transitions.append({"Status": secondary_status, "StartTime": moment, "StatusMessage": message})
            self.secondary_status = secondary_status
            if final in FINAL_STATUSES:
                self.transitions[-1]["EndTime"] = moment
                self.set_status(final, failure_reason)
                self.done.set()
            else:
                self.set_status(self.status)

    def _count_waiting(self, secondary_status: str, moment: datetime.datetime) -> None:
        if self.interrupted_at is not None:
            self.waited += moment - self.interrupted_at
        self.interrupted_at = moment if secondary_status == "Interrupted" else None

    def end(self, status: str, failure_reason: str | None = None) -> None:
        self.enter(status, failure_reason)

    def request_stop(self) -> None:
        with self.lock:
            if self.status == "InProgress":
                self.enter("Stopping")
                super().request_stop()

    def describe(self) -> dict[str, object]:
        with self.lock:
            return {
                **echoed(self.request, "DescribeTrainingJob"),
                **present(
                    TrainingJobArn=self.arn,
                    TrainingJobStatus=self.status,
                    SecondaryStatus=self.secondary_status,
                    SecondaryStatusTransitions=[dict(transition) for transition in self.transitions],
                    FailureReason=self.failure_reason,
                    ModelArtifacts={"S3ModelArtifacts": self.artifacts} if self.artifacts else None,
                    FinalMetricDataList=self.final_metrics or None,
                    TuningJobArn=self.tuning_job.arn if self.tuning_job else None,
                    CreationTime=self.created,
                    LastModifiedTime=self.modified,
                    TrainingStartTime=self.started,
                    TrainingEndTime=self.ended if self.started else None,
                    TrainingTimeInSeconds=self._seconds(),
                    BillableTimeInSeconds=self._billable_seconds() if self.is_final else None,
                    ProfilingStatus="Disabled",
                    EnableNetworkIsolation=self.request.get("EnableNetworkIsolation", False),
                    EnableInterContainerTrafficEncryption=self.request.get(
                        "EnableInterContainerTrafficEncryption", False
                    ),
                    EnableManagedSpotTraining=self.request.get("EnableManagedSpotTraining", False),
                ),
            }

    def _seconds(self) -> int | None:
        """Training time, without the time between an interruption and the next attempt."""
        if self.started is None:
            return None
        end = self.ended or self.interrupted_at or now()
        return math.ceil((end - self.started - self.waited).total_seconds())

    def _billable_seconds(self) -> int | None:
        """Training time minus the savings of managed spot training, which AWS computes as 1 - billable / training."""
        seconds = self._seconds()
        if seconds is None or not self.request.get("EnableManagedSpotTraining"):
            return seconds
        return math.floor(seconds * SPOT_PRICE_RATIO)

    def summary(self) -> dict[str, object]:
        with self.lock:
            return present(
                TrainingJobName=self.name,
                TrainingJobArn=self.arn,
                CreationTime=self.created,
                TrainingEndTime=self.ended,
                LastModifiedTime=self.modified,
                TrainingJobStatus=self.status,
                SecondaryStatus=self.secondary_status,
            )
