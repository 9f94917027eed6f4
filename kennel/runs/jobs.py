"""A running job: its log lines, how far a search is, and stopping it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from kennel.cloud.session import Session
from kennel.runs.history import JOB_NAMES, Job

LOG_GROUPS = {"training": "/aws/sagemaker/TrainingJobs", "processing": "/aws/sagemaker/ProcessingJobs"}
_NOT_FOUND = ("ResourceNotFoundException", "ResourceNotFound", "ValidationException")


# kind -> the noun of its operations, its name and its status
_NOUNS = {kind: field.removesuffix("Name") for field, kind in JOB_NAMES.items()}


def stop(session: Session, job: Job) -> bool:
    """Whether it ran, and is now being stopped."""
    sagemaker, noun = session.client("sagemaker"), _NOUNS[job.kind]
    name = {f"{noun}Name": job.name}
    try:
        if getattr(sagemaker, xform_name(f"Describe{noun}"))(**name)[f"{noun}Status"] != "InProgress":
            return False
        getattr(sagemaker, xform_name(f"Stop{noun}"))(**name)
    except ClientError as error:
        # It was never made, or has ended meanwhile.
        if error.response["Error"]["Code"] not in _NOT_FOUND:
            raise
        return False
    return True


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


def search_progress(session: Session, tuning_job: str) -> str:
    """`3 trials done, 1 running, best validation:accuracy 0.93`; empty while the service does not know the job."""
    try:
        answer = session.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning_job)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return ""
        raise
    counters = answer.get("TrainingJobStatusCounters", {})
    told = f"{counters.get('Completed', 0)} trials done, {counters.get('InProgress', 0)} running"
    best = answer.get("BestTrainingJob", {}).get("FinalHyperParameterTuningJobObjectiveMetric")
    return f"{told}, best {best['MetricName']} {best['Value']:.4g}" if best else told
