"""What a running or finished job says: its log lines, its metrics, its status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from kennel.history import Job
from kennel.session import Session

LOG_GROUPS = {"training": "/aws/sagemaker/TrainingJobs", "processing": "/aws/sagemaker/ProcessingJobs"}
_NOT_FOUND = ("ResourceNotFoundException", "ValidationException")


@dataclass(frozen=True)
class JobView:
    """`metrics` are the last values of a training job, or of a tuning job's best trial so far."""

    status: str
    detail: str
    metrics: dict[str, float]


class LogTail:
    """The lines of one job's log that were not read yet."""

    def __init__(self, session: Session, job: Job) -> None:
        self._logs = session.client("logs")
        self._group = LOG_GROUPS.get(job.kind)
        self._prefix = f"{job.name}/"
        self._tokens: dict[str, str] = {}

    def read(self) -> Iterator[str]:
        """New lines, stream by stream. A log that is not there yet has none."""
        if self._group is None:
            return
        try:
            streams = self._logs.describe_log_streams(logGroupName=self._group, logStreamNamePrefix=self._prefix)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return
            raise
        for stream in streams["logStreams"]:
            yield from self._read(stream["logStreamName"])

    def _read(self, stream: str) -> Iterator[str]:
        while True:
            request: dict[str, Any] = {"logGroupName": self._group, "logStreamName": stream, "startFromHead": True}
            if stream in self._tokens:
                request["nextToken"] = self._tokens[stream]
            answer = self._logs.get_log_events(**request)
            token = answer["nextForwardToken"]
            if token == self._tokens.get(stream) or not answer["events"]:
                self._tokens[stream] = token
                return
            self._tokens[stream] = token
            for event in answer["events"]:
                yield event["message"].rstrip("\n")


def view(session: Session, job: Job) -> JobView | None:
    """The job as the service describes it now, None when the service does not know it yet."""
    try:
        return _VIEWS[job.kind](session.client("sagemaker"), job.name)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return None
        raise


def _training(client: Any, name: str) -> JobView:
    answer = client.describe_training_job(TrainingJobName=name)
    metrics = {item["MetricName"]: item["Value"] for item in answer.get("FinalMetricDataList", ())}
    return JobView(answer["TrainingJobStatus"], answer.get("SecondaryStatus", ""), metrics)


def _processing(client: Any, name: str) -> JobView:
    answer = client.describe_processing_job(ProcessingJobName=name)
    return JobView(answer["ProcessingJobStatus"], answer.get("ExitMessage", ""), {})


def _tuning(client: Any, name: str) -> JobView:
    answer = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    counters = answer.get("TrainingJobStatusCounters", {})
    detail = f"{counters.get('Completed', 0)} trials done, {counters.get('InProgress', 0)} running"
    best = answer.get("BestTrainingJob", {}).get("FinalHyperParameterTuningJobObjectiveMetric")
    metrics = {f"best {best['MetricName']}": best["Value"]} if best else {}
    return JobView(answer["HyperParameterTuningJobStatus"], detail, metrics)


_VIEWS = {"training": _training, "processing": _processing, "tuning": _tuning}
