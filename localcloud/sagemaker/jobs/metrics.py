"""A training job's metrics: read from its log lines with the job's regular expressions."""

from __future__ import annotations

import datetime
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import re2

from localcloud.sagemaker.api.answers import now
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.clients import CloudWatchClient, Dimension, MetricDatum

NAMESPACE = "/aws/sagemaker/TrainingJobs"
_MAX_DATA_PER_CALL = 500


class MetricDefinition(TypedDict):
    Name: str
    Regex: str


class FinalMetric(TypedDict):
    """An entry of FinalMetricDataList."""

    MetricName: str
    Value: float
    Timestamp: datetime.datetime


@dataclass(frozen=True)
class Observation:
    """One value of one metric."""

    name: str
    value: float
    time: datetime.datetime


class MetricScanner:
    """Scans lines, remembers all values in order, sends new ones to CloudWatch."""

    def __init__(self, definitions: Sequence[MetricDefinition], job_name: str, cloudwatch: CloudWatchClient) -> None:
        self._patterns = compile_definitions(definitions)
        self._dimensions: list[Dimension] = [{"Name": "TrainingJobName", "Value": job_name}]
        self._cloudwatch = cloudwatch
        self._lock = threading.Lock()
        self._observations: list[Observation] = []
        self._num_shipped = 0

    def scan(self, line: str) -> None:
        for name, pattern in self._patterns:
            for match in pattern.finditer(line):
                value = _number(match[1] if pattern.groups else match[0])
                if value is not None:
                    with self._lock:
                        self._observations.append(Observation(name, value, now()))

    def values(self, name: str) -> list[float]:
        """All values of a metric so far, oldest first."""
        with self._lock:
            return [seen.value for seen in self._observations if seen.name == name]

    def final(self) -> list[FinalMetric]:
        """The last value of each metric."""
        with self._lock:
            last = {seen.name: seen for seen in self._observations}
        return [{"MetricName": seen.name, "Value": seen.value, "Timestamp": seen.time} for seen in last.values()]

    def ship(self) -> None:
        """Send the values observed since the last call to CloudWatch."""
        with self._lock:
            fresh = self._observations[self._num_shipped :]
            self._num_shipped = len(self._observations)
        data: list[MetricDatum] = [
            {"MetricName": seen.name, "Value": seen.value, "Timestamp": seen.time, "Dimensions": self._dimensions}
            for seen in fresh
        ]
        for start in range(0, len(data), _MAX_DATA_PER_CALL):
            self._cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + _MAX_DATA_PER_CALL])


def compile_definitions(definitions: Sequence[MetricDefinition]) -> list[tuple[str, re2._Regexp]]:
    """(name, pattern) of each definition; ValidationException if one is not a regular expression.

    SageMaker does not say which engine it uses. RE2's syntax is the part that the others share: all examples of its
    documentation are within it, and lookaround and backreferences, of which nobody knows, are not.
    """
    options = re2.Options()
    options.log_errors = False
    compiled = []
    for definition in definitions:
        try:
            compiled.append((definition["Name"], re2.compile(definition["Regex"], options)))
        except re2.error as error:
            reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error
            raise validation_error(
                f"Invalid regular expression for metric {definition['Name']}: {reason}; AWS does not document its "
                "engine, so localcloud takes what RE2 takes (https://github.com/google/re2/wiki/Syntax)"
            ) from None
    return compiled


def _number(text: str | None) -> float | None:
    """A finite number; None for a line that only looks like the metric."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
