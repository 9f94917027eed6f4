"""MetricDataQueries: series from the store and from metric math, on one grid of periods."""

from __future__ import annotations

import math
from collections.abc import Sequence

from localcloud.cloudwatch.metrics.math_functions import ExpressionError, Grid, Series, Value
from localcloud.cloudwatch.metrics.metric_math import check, evaluate
from localcloud.cloudwatch.metrics.requests import MetricStat, Query
from localcloud.cloudwatch.metrics.store import MetricId, MetricStore


def starts_between(start: float, end: float, period: float) -> list[float]:
    """The starts of the periods in [start, end), aligned to multiples of the period."""
    first = math.floor(start / period) * period
    return [first + period * step for step in range(max(0, math.ceil((end - first) / period)))]


def period_of(queries: Sequence[Query]) -> float:
    """The period of a set of queries, in seconds; all must have the same one."""
    periods = {float(each["MetricStat"]["Period"]) for each in queries if each.get("MetricStat")}
    periods |= {float(each["Period"]) for each in queries if each.get("Period")}
    if len(periods) > 1:
        raise ExpressionError(f"localcloud needs the same period in all queries, found {sorted(periods)}")
    return periods.pop() if periods else 60.0


def stat_series(store: MetricStore, stat: MetricStat, starts: Sequence[float]) -> Series:
    """The series of one MetricStat over windows that begin at `starts`."""
    metric = stat["Metric"]
    identity = MetricId.of(metric["Namespace"], metric["MetricName"], metric.get("Dimensions", ()))
    buckets = store.windows(identity, starts, float(stat["Period"]))
    return {start: bucket.statistic(stat["Stat"]) for start, bucket in zip(starts, buckets, strict=True) if bucket}


def run(store: MetricStore, queries: Sequence[Query], starts: Sequence[float], period: float) -> dict[str, Series]:
    """The series of every query by id; ExpressionError for what cannot be computed."""
    metrics = {each["Id"]: stat_series(store, each["MetricStat"], starts) for each in queries if each.get("MetricStat")}
    known: dict[str, Value] = dict(metrics)
    grid = Grid(starts, period, metrics)
    waiting = [each for each in queries if each.get("Expression")]
    while waiting:
        ready = [each for each in waiting if not _needs(each, waiting)]
        if not ready:
            raise ExpressionError(f"the expressions {', '.join(each['Id'] for each in waiting)} refer to each other")
        for each in ready:
            known[each["Id"]] = evaluate(each["Expression"], known, grid)
        waiting = [each for each in waiting if each not in ready]
    return {name: _as_series(value, starts) for name, value in known.items()}


def check_queries(queries: Sequence[Query]) -> None:
    """ExpressionError when an expression cannot be evaluated; finds it before there is any data."""
    period_of(queries)
    names = [each["Id"] for each in queries]
    for each in queries:
        if each.get("Expression"):
            check(each["Expression"], names)


def _needs(query: Query, others: Sequence[Query]) -> bool:
    words = set("".join(letter if letter.isalnum() or letter == "_" else " " for letter in query["Expression"]).split())
    return any(other["Id"] in words for other in others if other is not query)


def _as_series(value: Value, starts: Sequence[float]) -> Series:
    if isinstance(value, list):
        raise ExpressionError("an expression must end in one series: use SUM, AVG, MIN or MAX of the array")
    return value if isinstance(value, dict) else dict.fromkeys(starts, value)
