"""Metric alarms as this package evaluates them, read from moto's records."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from moto.cloudwatch.models import Alarm, MetricDataQuery
from moto.cloudwatch.models import Dimension as DimensionRecord

from localcloud.cloudwatch.alarms.decision import Condition, Decision, decide
from localcloud.cloudwatch.metrics.queries import period_of, run
from localcloud.cloudwatch.metrics.requests import Dimension, Metric, Query
from localcloud.cloudwatch.metrics.store import MetricStore

_EXTRA_PERIODS = 2  # beyond EvaluationPeriods, so that one late datapoint does not hide the earlier ones
_NO_EXTRA_FROM_SECONDS = 3600


@dataclass(frozen=True)
class MetricAlarm:
    """What is needed to evaluate a metric alarm. `queries`: as in GetMetricData; `returned`: the id that counts."""

    name: str
    condition: Condition
    queries: tuple[Query, ...]
    returned: str
    period: float

    @classmethod
    def of(cls, record: Alarm) -> MetricAlarm:
        """Read moto's record of an alarm."""
        queries = tuple(_query(each) for each in record.metric_data_queries) or (_single(record),)
        returned = [each["Id"] for each in queries if each.get("ReturnData", True)]
        periods = int(record.evaluation_periods)
        condition = Condition(
            comparison=record.comparison_operator,
            threshold=float(record.threshold),
            periods=periods,
            datapoints=int(record.datapoints_to_alarm or periods),
            treat_missing=record.treat_missing_data or "missing",
        )
        return cls(record.name, condition, queries, returned[0], period_of(queries))

    def evaluate(self, store: MetricStore, at: datetime.datetime) -> Decision:
        """The state as of `at`. ExpressionError when an expression cannot be computed."""
        extra = 0 if self.period >= _NO_EXTRA_FROM_SECONDS else _EXTRA_PERIODS
        count = self.condition.periods + extra
        step = min(self.period, 60.0)
        end = at.timestamp() // step * step
        if self.condition.comparison.startswith("GreaterThan") and self._values(store, end, 1, step):
            end += step  # a value that breaches in an unfinished minute already counts: no need to wait for its end
        newest_first = [end - self.period * number for number in range(1, count + 1)]
        series = self._values(store, newest_first[-1], count, self.period)
        return decide(self.condition, [series.get(start) for start in newest_first])

    def _values(self, store: MetricStore, start: float, count: int, period: float) -> dict[float, float]:
        starts = [start + self.period * number for number in range(count)]
        queries = [_with_period(each, period) for each in self.queries]
        return run(store, queries, starts, period)[self.returned]


def _with_period(query: Query, period: float) -> Query:
    if "MetricStat" not in query:
        return {**query, "Period": period}
    changed: Query = {**query, "MetricStat": {**query["MetricStat"], "Period": period}}
    changed.pop("Period", None)
    return changed


def _single(record: Alarm) -> Query:
    metric = _metric(record.namespace, record.metric_name, record.dimensions)
    statistic = record.statistic or record.extended_statistic or ""
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": record.period, "Stat": statistic}}


def _query(record: MetricDataQuery) -> Query:
    query: Query = {"Id": record.id, "ReturnData": record.return_data not in (False, "false")}
    stat = record.metric_stat
    if stat is None:
        return {**query, "Expression": record.expression or "", "Period": record.period}
    metric = _metric(stat.metric.namespace, stat.metric.metric_name, stat.metric.dimensions)
    return {**query, "MetricStat": {"Metric": metric, "Period": stat.period, "Stat": stat.stat}}


def _metric(namespace: str, name: str, records: list[DimensionRecord]) -> Metric:
    dimensions: list[Dimension] = [{"Name": str(each.name), "Value": str(each.value)} for each in records]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
