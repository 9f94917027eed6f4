"""A tuning job's record, its trials and its describe answer."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from localcloud.sagemaker.api.answers import echoed, now, present
from localcloud.sagemaker.jobs.records import Job
from localcloud.sagemaker.jobs.training.record import TrainingJob
from localcloud.sagemaker.jobs.tuning.request import Objective, TuningJobConfig, TuningRequest
from localcloud.sagemaker.jobs.tuning.search import Suggestion


@dataclass(frozen=True)
class Trial:
    """One trial: a training job and the suggestion that it tries."""

    job: TrainingJob
    suggestion: Suggestion
    metric: str

    @property
    def objective(self) -> float | None:
        """The last value of the objective metric, once the training job has ended without failing."""
        if self.job.status not in ("Completed", "Stopped"):
            return None
        values = self.job.metric_values(self.metric)
        return values[-1] if values else None

    @property
    def objective_status(self) -> str:
        if not self.job.is_final:
            return "Pending"
        return "Failed" if self.objective is None else "Succeeded"

    def summary(self, direction: str | None = None) -> dict[str, object]:
        """As in a list of trials; with the objective's direction as in BestTrainingJob."""
        job, objective = self.job, self.objective
        metric = None
        if objective is not None:
            metric = present(Type=direction, MetricName=self.metric, Value=objective)
        return present(
            TrainingJobName=job.name,
            TrainingJobArn=job.arn,
            TuningJobName=job.tuning_job.name if job.tuning_job else None,
            CreationTime=job.created,
            TrainingStartTime=job.started,
            TrainingEndTime=job.ended,
            TrainingJobStatus=job.status,
            TunedHyperParameters=self.suggestion.values,
            FailureReason=job.failure_reason,
            FinalHyperParameterTuningJobObjectiveMetric=metric,
            ObjectiveStatus=self.objective_status,
        )


@dataclass
class TuningJob(Job):
    request: TuningRequest
    trials: list[Trial] = field(default_factory=list)
    parents: list[TuningJob] = field(default_factory=list)  # of a warm start

    @property
    def config(self) -> TuningJobConfig:
        return self.request["HyperParameterTuningJobConfig"]

    @property
    def objective(self) -> Objective:
        return self.config["HyperParameterTuningJobObjective"]

    @property
    def maximize(self) -> bool:
        return self.objective["Type"] == "Maximize"

    def best(self) -> Trial | None:
        """The trial with the best objective; the earlier one of two with equal objectives."""
        return self._best_of(self.trials)

    @property
    def is_identical_warm_start(self) -> bool:
        warm_start = self.request.get("WarmStartConfig")
        return warm_start is not None and warm_start["WarmStartType"] == "IdenticalDataAndAlgorithm"

    def overall_best(self) -> Trial | None:
        """The best trial, including the parents'; None unless the warm start has identical data and algorithm."""
        if not self.is_identical_warm_start:
            return None
        return self._best_of([trial for parent in self.parents for trial in parent.trials] + self.trials)

    def _best_of(self, trials: list[Trial]) -> Trial | None:
        scored = [(trial.objective, trial) for trial in trials if trial.objective is not None]
        if not scored:
            return None
        sign = 1 if self.maximize else -1
        return max(scored, key=lambda pair: sign * pair[0])[1]

    def counters(self) -> dict[str, dict[str, int]]:
        statuses = Counter(trial.job.status if trial.job.is_final else "InProgress" for trial in self.trials)
        objectives = Counter(trial.objective_status for trial in self.trials)
        return {
            "TrainingJobStatusCounters": {
                "Completed": statuses["Completed"],
                "InProgress": statuses["InProgress"],
                "RetryableError": 0,
                "NonRetryableError": statuses["Failed"],
                "Stopped": statuses["Stopped"],
            },
            "ObjectiveStatusCounters": {name: objectives[name] for name in ("Succeeded", "Pending", "Failed")},
        }

    def describe(self) -> dict[str, object]:
        with self.lock:
            best, overall = self.best(), self.overall_best()
            runtime = math.ceil(((self.ended or now()) - self.created).total_seconds())
            return {
                **echoed(self.request, "DescribeHyperParameterTuningJob"),
                **self.counters(),
                **present(
                    HyperParameterTuningJobArn=self.arn,
                    HyperParameterTuningJobStatus=self.status,
                    CreationTime=self.created,
                    LastModifiedTime=self.modified,
                    HyperParameterTuningEndTime=self.ended,
                    FailureReason=self.failure_reason,
                    BestTrainingJob=best.summary(self.objective["Type"]) if best else None,
                    OverallBestTrainingJob=overall.summary(self.objective["Type"]) if overall else None,
                    ConsumedResources={"RuntimeInSeconds": runtime},
                ),
            }

    def summary(self) -> dict[str, object]:
        with self.lock:
            return {
                **self.counters(),
                **present(
                    HyperParameterTuningJobName=self.name,
                    HyperParameterTuningJobArn=self.arn,
                    HyperParameterTuningJobStatus=self.status,
                    Strategy=self.config["Strategy"],
                    ResourceLimits=self.config["ResourceLimits"],
                    CreationTime=self.created,
                    LastModifiedTime=self.modified,
                    HyperParameterTuningEndTime=self.ended,
                ),
            }
