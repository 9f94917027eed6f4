"""A running job: its log lines, a search's progress, and stopping it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from imgcls.contract.failures import job_kinds, service_errors
from kennel.cloud.session import Session
from kennel.runs.history import Job


def stop(session: Session, job: Job) -> bool:
    """Stop the job. Returns whether it was running."""
    kind = job_kinds.BY_NAME[job.kind]

    def call(verb: str) -> Any:
        method = getattr(session.client("sagemaker"), xform_name(kind.operation(verb)))
        return method(**{kind.name_field: job.name})

    try:
        if call("Describe")[kind.status_field] != "InProgress":
            return False
        call("Stop")
    except ClientError as error:
        # It was never created, or ended between the two calls: then Stop is refused as invalid.
        if service_errors.is_missing(error.response) or service_errors.is_invalid(error.response):
            return False
        raise
    return True


class LogTail:
    """Reads the new lines of one job's log."""

    def __init__(self, session: Session, job: Job) -> None:
        self._logs = session.client("logs")
        self._kind = job_kinds.BY_NAME[job.kind]
        self._prefix = self._kind.stream_prefix(job.name)
        self._tokens: dict[str, str] = {}

    def read(self) -> Iterator[str]:
        """New lines, stream by stream: none before the log exists, none for a tuning job: its trials have them."""
        if self._kind is job_kinds.TUNING:
            return
        try:
            streams = self._logs.describe_log_streams(
                logGroupName=self._kind.log_group, logStreamNamePrefix=self._prefix
            )
        except ClientError as error:
            if service_errors.is_missing(error.response):
                return
            raise
        for stream in streams["logStreams"]:
            yield from self._read(stream["logStreamName"])

    def _read(self, stream: str) -> Iterator[str]:
        while True:
            request: dict[str, Any] = {
                "logGroupName": self._kind.log_group,
                "logStreamName": stream,
                "startFromHead": True,
            }
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


def search_progress(session: Session, tuning_job: str) -> str:
    """`3 trials done, 1 running, best validation:accuracy 0.93`; empty before the job exists."""
    try:
        answer = session.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning_job)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return ""
        raise
    counters = answer.get("TrainingJobStatusCounters", {})
    progress = f"{counters.get('Completed', 0)} trials done, {counters.get('InProgress', 0)} running"
    best = answer.get("BestTrainingJob", {}).get("FinalHyperParameterTuningJobObjectiveMetric")
    return f"{progress}, best {best['MetricName']} {best['Value']:.4g}" if best else progress
