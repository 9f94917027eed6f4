"""The metrics that alarms may watch: what emits them, between which values, and which direction is the bad one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from imgcls.contract import metrics

Worse = Literal["more", "less", "either"]
MINUTE, SECOND = 60_000_000, 1_000_000  # microseconds


@dataclass(frozen=True)
class Metric:
    """`highest`: a value at which something is surely wrong; the lowest is 0. `worse`: the values to be told of.

    `silent`: without traffic it has no values, so that an alarm on few must take missing data as breaching.
    """

    highest: float
    worse: Worse = "more"
    silent: bool = False
    microseconds: bool = False


FEW = 10
"""Of what happens once: nobody starts more executions in a period."""
_LATENCY = Metric(MINUTE / 2, microseconds=True)
"""SageMaker ends an invocation after 60 seconds: a limit close to that is not passed."""
_LOADING = Metric(15 * MINUTE, microseconds=True)
METRICS: Mapping[str, Mapping[str, Metric]] = {
    "/aws/sagemaker/Endpoints": {
        "CPUUtilization": Metric(100 * 192),  # percent of one CPU, summed over all of them
        "DiskUtilization": Metric(100),
        "LoadedModelCount": Metric(10_000, "either"),
        "MemoryUtilization": Metric(100),
    },
    "AWS/Lambda": {"Errors": Metric(100), "Throttles": Metric(100)},
    "AWS/SNS": {"NumberOfNotificationsFailed": Metric(100)},
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage": Metric(14 * 24 * 3600),
        "ApproximateNumberOfMessagesVisible": Metric(1000),
    },
    "AWS/SageMaker": {
        "Invocation4XXErrors": Metric(0.5),
        "Invocation5XXErrors": Metric(0.5),
        "Invocations": Metric(1e9, "either", silent=True),
        "InvocationsPerInstance": Metric(1e9, "either", silent=True),
        "ModelCacheHit": Metric(1, "less"),
        "ModelLatency": _LATENCY,
        "OverheadLatency": _LATENCY,
        "ModelDownloadingTime": _LOADING,
        "ModelLoadingTime": _LOADING,
        "ModelLoadingWaitTime": _LOADING,
        "ModelUnloadingTime": _LOADING,
    },
    "AWS/States": {
        "ExecutionThrottled": Metric(1000),
        "ExecutionsAborted": Metric(FEW),
        "ExecutionsFailed": Metric(FEW),
        "ExecutionsTimedOut": Metric(FEW),
    },
    metrics.NAMESPACE: {metrics.FINDINGS: Metric(1000)},
}
"""Namespace -> name -> metric. A metric in another namespace never has a value."""
ERROR_RATES = ("Invocation4XXErrors", "Invocation5XXErrors")
"""1 or 0 per invocation: their average is a rate, their sum a number."""
COUNTED = 1000
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "/aws/sagemaker/Endpoints": ("EndpointName", "VariantName"),
    "AWS/Lambda": ("FunctionName",),
    "AWS/SNS": ("TopicName",),
    "AWS/SQS": ("QueueName",),
    "AWS/SageMaker": ("EndpointName", "VariantName"),
    "AWS/States": ("StateMachineArn",),
    metrics.NAMESPACE: (metrics.ABOUT, metrics.ENVIRONMENT),
}
"""Namespace -> the dimensions under which its metrics are emitted."""


MICROSECONDS = frozenset(name for found in METRICS.values() for name, metric in found.items() if metric.microseconds)


def metric_of(namespace: object, name: object) -> Metric | None:
    return METRICS.get(str(namespace), {}).get(str(name))
