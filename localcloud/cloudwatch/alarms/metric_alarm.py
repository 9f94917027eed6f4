"""Alarms as this package evaluates them: read from the records that moto keeps."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.cloudwatch.alarms.decision import Condition, Decision, decide
from localcloud.cloudwatch.metrics.queries import period_of, run
from localcloud.cloudwatch.metrics.store import MetricStore

_EXTRA_PERIODS = 2  # beyond EvaluationPeriods, so that one late datapoint does not hide the earlier ones
_NO_EXTRA_FROM_SECONDS = 3600


@dataclass(frozen=True)
class MetricAlarm:
    """What is needed to evaluate a metric alarm. `queries`: as in GetMetricData; `returned`: the id that counts."""

    name: str
    condition: Condition
    queries: tuple[Mapping[str, Any], ...]
    returned: str
    period: float

    @classmethod
    def of(cls, record: Any) -> MetricAlarm:
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
        """The state at a moment. ExpressionError when an expression can not be computed."""
        extra = 0 if self.period >= _NO_EXTRA_FROM_SECONDS else _EXTRA_PERIODS
        count = self.condition.periods + extra
        step = min(self.period, 60.0)
        end = at.timestamp() // step * step
        if self.condition.comparison.startswith("GreaterThan") and self._values(store, end, 1, step):
            end += step  # what breaches in an unfinished minute has breached: no need to wait for its end
        newest_first = [end - self.period * number for number in range(1, count + 1)]
        series = self._values(store, newest_first[-1], count, self.period)
        return decide(self.condition, [series.get(start) for start in newest_first])

    def _values(self, store: MetricStore, start: float, count: int, period: float) -> dict[float, float]:
        starts = [start + self.period * number for number in range(count)]
        queries = [_with_period(each, period) for each in self.queries]
        return run(store, queries, starts, period)[self.returned]


def _with_period(query: Mapping[str, Any], period: float) -> Mapping[str, Any]:
    if not query.get("MetricStat"):
        return {**query, "Period": period}
    return {**query, "Period": None, "MetricStat": {**query["MetricStat"], "Period": period}}


def _single(record: Any) -> dict[str, Any]:
    metric = {
        "Namespace": record.namespace,
        "MetricName": record.metric_name,
        "Dimensions": [{"Name": each.name, "Value": each.value} for each in record.dimensions],
    }
    statistic = record.statistic or record.extended_statistic
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": record.period, "Stat": statistic}}


def _query(query: Any) -> dict[str, Any]:
    returns = query.return_data not in (False, "false")
    if query.metric_stat is None:
        return {"Id": query.id, "Expression": query.expression, "Period": query.period, "ReturnData": returns}
    stat = query.metric_stat
    metric = {
        "Namespace": stat.metric.namespace,
        "MetricName": stat.metric.metric_name,
        "Dimensions": [{"Name": each.name, "Value": each.value} for each in stat.metric.dimensions],
    }
    return {
        "Id": query.id,
        "MetricStat": {"Metric": metric, "Period": stat.period, "Stat": stat.stat},
        "ReturnData": returns,
    }
