"""The requests of the CloudWatch API about metrics."""

from __future__ import annotations

import datetime
from typing import NotRequired, Required, TypeAlias, TypedDict

Moment: TypeAlias = datetime.datetime | float | str


class Dimension(TypedDict):
    Name: str
    Value: str


class DimensionFilter(TypedDict):
    """Without a value, any value."""

    Name: str
    Value: NotRequired[str]


class Metric(TypedDict):
    Namespace: str
    MetricName: str
    Dimensions: NotRequired[list[Dimension]]


class MetricStat(TypedDict):
    """A statistic of one metric; Period is in seconds."""

    Metric: Metric
    Period: float | str
    Stat: str


class Query(TypedDict, total=False):
    """A MetricDataQuery: a MetricStat, or an Expression over other queries."""

    Id: Required[str]
    MetricStat: MetricStat
    Expression: str
    Label: str
    Period: float | str
    ReturnData: bool


class Datum(TypedDict, total=False):
    """One entry of PutMetricData: a Value, or Values with their Counts, or StatisticValues."""

    MetricName: Required[str]
    Dimensions: list[Dimension]
    Timestamp: Moment
    Value: float
    Values: list[float]
    Counts: list[float]
    StatisticValues: dict[str, float]
    Unit: str
    StorageResolution: int


class GetMetricStatistics(TypedDict):
    Namespace: str
    MetricName: str
    Dimensions: NotRequired[list[Dimension]]
    StartTime: Moment
    EndTime: Moment
    Period: int
    Statistics: NotRequired[list[str]]
    ExtendedStatistics: NotRequired[list[str]]
    Unit: NotRequired[str]


class GetMetricData(TypedDict):
    MetricDataQueries: list[Query]
    StartTime: Moment
    EndTime: Moment
    ScanBy: NotRequired[str]


class ListMetrics(TypedDict, total=False):
    Namespace: str
    MetricName: str
    Dimensions: list[DimensionFilter]
    RecentlyActive: str
    NextToken: str
