"""Metrics from log events: the embedded metric format (EMF) and metric filters."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

from localcloud.cloudwatch.logs.filter_pattern import PatternError, compile_pattern, number_at
from localcloud.cloudwatch.metrics.requests import Dimension
from localcloud.cloudwatch.metrics.store import STANDARD, MetricId, MetricStore
from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.http_requests import Environ, identify, read_json

log = logging.getLogger(__name__)


class MetricTransformation(TypedDict):
    """What a metric filter derives from a matching event. metricValue: a number, or a selector in a JSON event."""

    metricNamespace: str
    metricName: str
    metricValue: str
    unit: NotRequired[str]
    defaultValue: NotRequired[float]


class EmbeddedMetric(TypedDict):
    Name: str
    Unit: NotRequired[str]
    StorageResolution: NotRequired[int]


class MetricDirective(TypedDict):
    """Which members of an event are metrics, and which are their dimensions."""

    Namespace: str
    Dimensions: NotRequired[list[list[str]]]
    Metrics: list[EmbeddedMetric]


class EmbeddedHeader(TypedDict):
    """The member `_aws` of an event in the embedded metric format. Timestamp: milliseconds since 1970."""

    Timestamp: NotRequired[float]
    CloudWatchMetrics: list[MetricDirective]


class LogMetrics:
    """Reads what is put into CloudWatch Logs before moto records it."""

    def __init__(self, cloud: Cloud, store: MetricStore) -> None:
        self._cloud = cloud
        self._store = store
        self._has_filters = False

    def handle(self, environ: Environ) -> None:
        """Handle a request without answering it: moto does that."""
        operation = identify(environ)
        if operation.service != "logs":
            return
        if operation.name == "PutMetricFilter":
            request = read_json(environ)
            self._require_group(request.get("logGroupName", ""))
            compile_filter(request.get("filterPattern", ""))
            self._has_filters = True
        elif operation.name == "PutLogEvents":
            request = read_json(environ)
            events = [(event["timestamp"] / 1000, event["message"]) for event in request.get("logEvents", ())]
            self._embedded(events)
            if self._has_filters:
                self._filtered(request["logGroupName"], events)

    def _require_group(self, name: str) -> None:
        """moto takes a filter of a group that is not there."""
        found = self._cloud.client("logs").describe_log_groups(logGroupNamePrefix=name) if name else {"logGroups": []}
        if name and name not in (group["logGroupName"] for group in found["logGroups"]):
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")

    def _embedded(self, events: list[tuple[float, str]]) -> None:
        for time, message in events:
            if '"_aws"' not in message:
                continue
            try:
                for metric, moment, values, unit, resolution in embedded_metrics(json.loads(message), time):
                    self._store.put(metric, moment, values, unit=unit, resolution=resolution)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                # As in the service, a malformed line stays a log event and does not become a metric.
                log.warning("a log line is not a valid embedded metric: %r in %.200s", error, message)

    def _filtered(self, group: str, events: list[tuple[float, str]]) -> None:
        found = self._cloud.client("logs").describe_metric_filters(logGroupName=group)
        for metric_filter in found["metricFilters"]:
            matches = compile_pattern(metric_filter["filterPattern"])
            matching = [(time, message) for time, message in events if matches(message)]
            for transformation in metric_filter["metricTransformations"]:
                self._transform(transformation, matching, events)

    def _transform(
        self, rule: MetricTransformation, matching: list[tuple[float, str]], events: list[tuple[float, str]]
    ) -> None:
        metric = MetricId.of(rule["metricNamespace"], rule["metricName"])
        for time, message in matching:
            text = str(rule["metricValue"])
            value = number_at(text, message) if text.startswith("$") else float(text)
            if value is not None:
                self._store.put(metric, time, [(value, 1.0)], unit=rule.get("unit"))
        if not matching and events and "defaultValue" in rule:
            self._store.put(metric, events[-1][0], [(float(rule["defaultValue"]), 1.0)], unit=rule.get("unit"))


def compile_filter(pattern: str) -> None:
    """Refuse a pattern that cannot be matched here."""
    try:
        compile_pattern(pattern)
    except PatternError as error:
        raise AwsError("InvalidParameterException", str(error)) from error


def embedded_metrics(
    event: dict[str, Any], time: float
) -> Iterator[tuple[MetricId, float, list[tuple[float, float]], str | None, int]]:
    """The metrics of one EMF line: identity, time, (value, count) pairs, unit, resolution."""
    header: EmbeddedHeader = event["_aws"]
    moment = header["Timestamp"] / 1000 if "Timestamp" in header else time
    for directive in header["CloudWatchMetrics"]:
        for names in directive.get("Dimensions") or [[]]:
            dimensions: list[Dimension] = [{"Name": name, "Value": str(event[name])} for name in names]
            for definition in directive["Metrics"]:
                if definition["Name"] not in event:
                    continue
                metric = MetricId.of(directive["Namespace"], definition["Name"], dimensions)
                value = event[definition["Name"]]
                values = [(float(each), 1.0) for each in (value if isinstance(value, list) else [value])]
                resolution = int(definition.get("StorageResolution", STANDARD))
                yield metric, moment, values, definition.get("Unit"), resolution
