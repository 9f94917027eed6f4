"""CloudWatch's operations on metrics, over this package's own store."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterable

from localcloud.cloudwatch.metrics import queries, requests
from localcloud.cloudwatch.metrics.store import STANDARD, Bucket, MetricId, MetricStore, values_of

_PAGE = 500
_RECENT_SECONDS = 3 * 3600
Answer = dict[str, object]


def epoch(moment: requests.Moment | None) -> float:
    """Seconds since 1970; None means now; times without a zone are UTC."""
    if moment is None:
        return datetime.datetime.now(datetime.UTC).timestamp()
    if isinstance(moment, str):
        moment = datetime.datetime.fromisoformat(moment)
    if isinstance(moment, datetime.datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()
    return float(moment)


def utc(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def put_metric_data(store: MetricStore, namespace: str, data: Iterable[requests.Datum]) -> None:
    """PutMetricData; the caller has validated it."""
    for datum in data:
        metric = MetricId.of(namespace, datum["MetricName"], datum.get("Dimensions") or ())
        time = epoch(datum.get("Timestamp"))
        resolution = int(datum.get("StorageResolution") or STANDARD)
        if datum.get("StatisticValues"):
            statistics = {name: float(value) for name, value in datum["StatisticValues"].items()}
            store.put_statistics(metric, time, statistics, datum.get("Unit"), resolution)
        else:
            store.put(metric, time, values_of(datum), unit=datum.get("Unit"), resolution=resolution)


def get_metric_statistics(store: MetricStore, request: requests.GetMetricStatistics) -> Answer:
    """GetMetricStatistics. ValueError for a statistic that is not computed here."""
    name, period = request["MetricName"], int(request["Period"])
    metric = MetricId.of(request["Namespace"], name, request.get("Dimensions") or ())
    starts = queries.starts_between(epoch(request["StartTime"]), epoch(request["EndTime"]), period)
    points = [
        _datapoint(start, bucket, request, store.unit(metric))
        for start, bucket in zip(starts, store.windows(metric, starts, period), strict=True)
        if bucket is not None
    ]
    wanted = request.get("Unit")
    return {"Label": name, "Datapoints": [point for point in points if wanted in (None, point["Unit"])]}


def _datapoint(start: float, bucket: Bucket, request: requests.GetMetricStatistics, unit: str) -> Answer:
    point = {name: bucket.statistic(name) for name in request.get("Statistics") or ()}
    extended = {name: bucket.statistic(name) for name in request.get("ExtendedStatistics") or ()}
    more = {"ExtendedStatistics": extended} if extended else {}
    return {"Timestamp": utc(start), **point, **more, "Unit": unit}


def get_metric_data(store: MetricStore, request: requests.GetMetricData) -> Answer:
    """GetMetricData. ExpressionError or ValueError for what is not computed here."""
    asked = request["MetricDataQueries"]
    period = queries.period_of(asked)
    starts = queries.starts_between(epoch(request["StartTime"]), epoch(request["EndTime"]), period)
    series = queries.run(store, asked, starts, period)
    descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    results = []
    for query in asked:
        if query.get("ReturnData") is False:
            continue
        times = sorted(series[query["Id"]], reverse=descending)
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or _label(query),
                "Timestamps": [utc(time) for time in times],
                "Values": [series[query["Id"]][time] for time in times],
                "StatusCode": "Complete",
            }
        )
    return {"MetricDataResults": results, "Messages": []}


def _label(query: requests.Query) -> str:
    return query["MetricStat"]["Metric"]["MetricName"] if query.get("MetricStat") else query["Id"]


def list_metrics(store: MetricStore, request: requests.ListMetrics) -> Answer:
    """ListMetrics, in pages of 500."""
    oldest = epoch(None) - _RECENT_SECONDS if request.get("RecentlyActive") else 0.0
    found = sorted(
        (metric for metric, newest in store.metrics() if newest >= oldest and _asked_for(metric, request)),
        key=lambda metric: (metric.namespace, metric.name, metric.dimensions),
    )
    token = request.get("NextToken")
    start = int(base64.b64decode(token)) if token else 0
    end = start + _PAGE
    rows = [
        {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        }
        for metric in found[start:end]
    ]
    following = {"NextToken": base64.b64encode(str(end).encode()).decode()} if end < len(found) else {}
    return {"Metrics": rows, **following}


def _asked_for(metric: MetricId, request: requests.ListMetrics) -> bool:
    dimensions = dict(metric.dimensions)
    return (
        request.get("Namespace") in (None, metric.namespace)
        and request.get("MetricName") in (None, metric.name)
        and all(
            each["Name"] in dimensions and each.get("Value") in (None, dimensions[each["Name"]])
            for each in request.get("Dimensions") or ()
        )
    )
