"""A training job's record and its describe answer."""

from __future__ import annotations

import datetime
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud.sagemaker.jobs.records import FINAL_STATUSES, Job, now, present
from localcloud.sagemaker.jobs.validation import echoed

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
# What a spot instance costs of the on-demand price, roughly; the real one changes by the hour and is not known here.
SPOT_PRICE_RATIO = 0.3


@dataclass(frozen=True)
class Trial:
    """What makes a training job a trial of a tuning job."""

    tuning_job_name: str
    tuning_job_arn: str
    tuned_hyperparameters: dict[str, str]


@dataclass
class TrainingJob(Job):
    secondary_status: str = ""
    transitions: list[dict[str, Any]] = field(default_factory=list)
    final_metrics: list[dict[str, Any]] = field(default_factory=list)
    artifacts: str | None = None
    trial: Trial | None = None
    metric_values: Callable[[str], list[float]] = field(default=lambda name: [])
    done: threading.Event = field(default_factory=threading.Event)
    waited: datetime.timedelta = datetime.timedelta()  # for capacity, while it was interrupted
    interrupted_at: datetime.datetime | None = None

    def __post_init__(self) -> None:
        self.enter("Starting")

    def enter(self, secondary_status: str, failure_reason: str | None = None) -> None:
        """Move on to a secondary status; the statuses that end a job also set its status."""
        with self.lock:
            final = "Stopped" if secondary_status in _STOPPED_BY_LIMIT else secondary_status
            if self.status == "Stopping" and final not in FINAL_STATUSES:
                return  # it goes on to its end, but says no more than that it is stopping
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

    def describe(self) -> dict[str, Any]:
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
                    TuningJobArn=self.trial.tuning_job_arn if self.trial else None,
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
        """Training time: without the time between an interruption and the next attempt."""
        if self.started is None:
            return None
        end = self.ended or self.interrupted_at or now()
        return math.ceil((end - self.started - self.waited).total_seconds())

    def _billable_seconds(self) -> int | None:
        """Training time, less what managed spot training saves: AWS computes the savings as 1 - billable / training."""
        seconds = self._seconds()
        if seconds is None or not self.request.get("EnableManagedSpotTraining"):
            return seconds
        return math.floor(seconds * SPOT_PRICE_RATIO)

    def summary(self) -> dict[str, Any]:
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
