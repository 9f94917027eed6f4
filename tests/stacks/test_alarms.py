"""For each alarm, series that must fire and series that must not, evaluated as CloudWatch documents it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from localcloud.cloudwatch.alarms.decision import ALARM, Condition, decide
from tests.stacks.assemblies import resources

KIND = "AWS::CloudWatch::Alarm"
Series = Sequence[float | None]
"""Newest first; None is missing data."""

# alarm in prod -> (series that must fire, series that must not). Latencies: microseconds. Errors: share of requests.
CASES: dict[str, tuple[list[Series], list[Series]]] = {
    "ServerErrors": (
        [[0.02, 0.02, 0.0], [1, 0, 0.5]],
        [[0.01, 0.01, 0.01], [0.5, 0, 0], [None, None, None]],
    ),
    "ClientErrors": (
        [[0.3, 0.3, 0.3], [0.21, 0, 0.21]],
        [[0.1, 0.2, 0.2], [1, None, None]],
    ),
    "Latency": (
        [[2_500_000, 2_100_000, 90_000]],
        [[1_900_000, 1_900_000, 1_900_000], [9_000, 12_000, 300_000], [None, None, None]],
    ),
    "Idle": (
        [[0], [None]],
        [[1], [50_000]],
    ),
    "ExecutionsFailed": (
        [[1], [3]],
        [[0], [None]],
    ),
    "ExecutionsTimedOut": (
        [[1]],
        [[0], [None]],
    ),
    "TransitionsThrottled": (
        [[4, 2, 7]],
        [[0, 5, 5], [None, None, None]],
    ),
    "TrainingFindings": (
        [[1], [3]],
        [[0], [None]],
    ),
    "StartsUndelivered": (
        [[1]],
        [[0], [None]],
    ),
    "EndpointSlow": (
        [[1_100_000, 1_100_000, 1_100_000]],
        [[900_000, 1_500_000, 1_500_000], [None, None, None]],
    ),
    "CacheMisses": (
        [[0.4, 0.1, 0.0]],
        [[0.9, 0.1, 0.1], [1, 1, 1], [None, None, None]],
    ),
    "MemoryFull": (
        [[86, 99, 90]],
        [[85, 85, 85], [99, 99, 20], [None, None, None]],
    ),
    "DiskFull": (
        [[86, 99, 90]],
        [[40, 99, 99], [None, None, None]],
    ),
}


def condition(name: str) -> Condition:
    (alarm,) = [
        item["Properties"]
        for label, item in resources("prod", KIND).items()
        if label.split("/")[1].rstrip("0123456789ABCDEF") == name
    ]
    return Condition(
        alarm["ComparisonOperator"],
        alarm["Threshold"],
        alarm["EvaluationPeriods"],
        alarm["DatapointsToAlarm"],
        alarm["TreatMissingData"],
    )


def test_every_alarm_has_its_series() -> None:
    assert {label.split("/")[1].rstrip("0123456789ABCDEF") for label in resources("prod", KIND)} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_an_alarm_fires(name: str) -> None:
    for series in CASES[name][0]:
        assert decide(condition(name), series).state == ALARM, series


@pytest.mark.parametrize("name", CASES)
def test_an_alarm_does_not_fire(name: str) -> None:
    for series in CASES[name][1]:
        assert decide(condition(name), series).state != ALARM, series
