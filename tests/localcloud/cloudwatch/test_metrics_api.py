"""Metrics through boto3."""

import datetime

import pytest
from botocore.exceptions import ClientError

from localcloud.cloudwatch.metrics.store import MetricId, MetricStore

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


def statistics(watch, name, *wanted, dimensions=(), period=60, extended=()):
    options = {"ExtendedStatistics": list(extended)} if extended else {}
    options |= {"Statistics": list(wanted)} if wanted else {}
    return watch.client.get_metric_statistics(
        Namespace=watch.namespace,
        MetricName=name,
        Dimensions=list(dimensions),
        StartTime=NOON - 5 * MINUTE,
        EndTime=NOON + 5 * MINUTE,
        Period=period,
        **options,
    )["Datapoints"]


def test_statistics_of_values_with_counts(watch):
    watch.put("m", 1.0, 5.0, Counts=[99.0, 1.0], Unit="Microseconds")
    (point,) = statistics(watch, "m", "Sum", "Average", "Minimum", "Maximum", "SampleCount")
    assert point.pop("Timestamp") == NOON
    assert point == {
        "Sum": 104.0,
        "Average": 1.04,
        "Minimum": 1.0,
        "Maximum": 5.0,
        "SampleCount": 100.0,
        "Unit": "Microseconds",
    }


def test_percentiles(watch):
    watch.put("latency", *(float(n) for n in range(1, 101)))
    (point,) = statistics(watch, "latency", extended=["p50", "p99", "p100"])
    assert point["ExtendedStatistics"] == {"p50": 50.0, "p99": 99.0, "p100": 100.0}
    with pytest.raises(ClientError, match="does not compute the statistic tm99"):
        statistics(watch, "latency", extended=["tm99"])


def test_dimensions_match_exactly_and_longer_periods_sum_minutes(watch):
    one, two = [{"Name": "d", "Value": "1"}], [{"Name": "d", "Value": "2"}]
    for minute in range(4):
        watch.put("m", 1.0, at=NOON + minute * MINUTE, Dimensions=one)
    watch.put("m", 50.0, Dimensions=two)
    assert statistics(watch, "m", "Sum") == []
    assert [point["Sum"] for point in statistics(watch, "m", "Sum", dimensions=one)] == [1.0] * 4
    assert sum(point["Sum"] for point in statistics(watch, "m", "Sum", dimensions=one, period=300)) == 4.0


def test_statistic_sets_and_high_resolution(watch):
    sets = {"SampleCount": 4.0, "Sum": 20.0, "Minimum": 2.0, "Maximum": 8.0}
    data = [
        {"MetricName": "s", "StatisticValues": sets, "Timestamp": NOON},
        {"MetricName": "h", "Value": 1.0, "Timestamp": NOON, "StorageResolution": 1},
        {"MetricName": "h", "Value": 2.0, "Timestamp": NOON + MINUTE / 4, "StorageResolution": 1},
    ]
    watch.client.put_metric_data(Namespace=watch.namespace, MetricData=data)
    assert statistics(watch, "s", "Average", "Maximum")[0]["Average"] == 5.0
    assert [point["Sum"] for point in statistics(watch, "h", "Sum", period=10)] == [1.0, 2.0]


def test_metric_data_with_math(watch):
    watch.put("errors", 1.0, 1.0)
    watch.put("calls", 1.0, Counts=[8.0])
    stat = {"Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "rate", "Expression": "100 * e / c", "Label": "percent"},
        {
            "Id": "e",
            "MetricStat": {"Metric": {"Namespace": watch.namespace, "MetricName": "errors"}, **stat},
            "ReturnData": False,
        },
        {
            "Id": "c",
            "MetricStat": {"Metric": {"Namespace": watch.namespace, "MetricName": "calls"}, **stat},
            "ReturnData": False,
        },
    ]
    answer = watch.client.get_metric_data(MetricDataQueries=queries, StartTime=NOON - MINUTE, EndTime=NOON + MINUTE)[
        "MetricDataResults"
    ]
    assert [(each["Id"], each["Label"], each["Values"]) for each in answer] == [("rate", "percent", [25.0])]
    with pytest.raises(ClientError, match="does not compute the function SEARCH"):
        watch.client.get_metric_data(
            MetricDataQueries=[{"Id": "s", "Expression": "SEARCH('x', 'Sum', 60)"}],
            StartTime=NOON - MINUTE,
            EndTime=NOON + MINUTE,
        )


def test_list_metrics_filters_and_pages(watch):
    for number in range(3):
        watch.put("m", 1.0, Dimensions=[{"Name": "d", "Value": str(number)}])
    found = watch.client.list_metrics(Namespace=watch.namespace, Dimensions=[{"Name": "d"}])["Metrics"]
    assert [each["Dimensions"][0]["Value"] for each in found] == ["0", "1", "2"]
    one = watch.client.list_metrics(Namespace=watch.namespace, Dimensions=[{"Name": "d", "Value": "1"}])
    assert len(one["Metrics"]) == 1
    for start in range(0, 600, 300):
        data = [
            {"MetricName": "many", "Value": 1.0, "Dimensions": [{"Name": "n", "Value": str(start + n)}]}
            for n in range(300)
        ]
        watch.client.put_metric_data(Namespace=watch.namespace, MetricData=data)
    pages = watch.client.get_paginator("list_metrics").paginate(Namespace=watch.namespace, MetricName="many")
    assert [len(page["Metrics"]) for page in pages] == [500, 100]


def test_an_hour_of_latencies_needs_little_memory():
    store, metric = MetricStore(), MetricId("n", "latency", ())
    for second in range(3600):
        store.put(metric, second, [(20_000.0 + (second * 7919) % 5000, 1.0)])
    (bucket,) = store.windows(metric, [0], 3600)
    assert (bucket.count, len(bucket.rounded)) == (3600, 51)
    assert bucket.statistic("p50") == pytest.approx(22_500, rel=0.01)


def test_dashboards_are_kept_as_deployed(watch):
    body = '{"widgets": [{"type": "metric", "properties": {"title": "Latency"}}]}'
    watch.client.put_dashboard(DashboardName="board", DashboardBody=body)
    assert watch.client.get_dashboard(DashboardName="board")["DashboardBody"] == body
