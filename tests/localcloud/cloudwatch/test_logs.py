"""Searching logs, and metrics from logs."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from localcloud.cloudwatch.logs.filter_pattern import PatternError, compile_pattern

EVENT = json.dumps({"level": "ERROR", "ms": 120, "model": "dogs-1", "deep": {"list": [5, None]}, "ok": False})


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR] no", True),
        ("ERROR", "error no", False),
        ("ERROR disk", "disk full: ERROR", True),
        ("ERROR disk", "ERROR", False),
        ('"disk full"', "the disk is full", False),
        ('"disk full" -retry', "disk full, will retry", False),
        ("?ERROR ?WARN", "WARN: low", True),
        ("?ERROR ?WARN", "INFO", False),
        ("%E[0-9]+%", "code E42", True),
        ('{ $.level = "ERROR" }', EVENT, True),
        ("{ $.level = ERR* }", EVENT, True),
        ('{ $.level != "ERROR" }', EVENT, False),
        ("{ $.ms > 100 && $.ms <= 120 }", EVENT, True),
        ('{ ($.ms > 200 || $.model = "dogs-*") && $.ok IS FALSE }', EVENT, True),
        ("{ $.ms = 120 }", EVENT, True),
        ("{ $.deep.list[0] = 5 }", EVENT, True),
        ("{ $.deep.list[1] IS NULL }", EVENT, True),
        ("{ $.other NOT EXISTS }", EVENT, True),
        ("{ $.other = 1 }", EVENT, False),
        ("{ $.level = %^E% }", EVENT, True),
        ("{ $.level = ERROR }", "no JSON", False),
    ],
)
def test_pattern(pattern, message, expected):
    assert compile_pattern(pattern)(message) is expected


@pytest.mark.parametrize("pattern", ["[ip, user]", "{ $.a ~ 1 }", "{ $.a > x }", '"open', "{ ($.a = 1 }"])
def test_patterns_that_are_refused(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@pytest.fixture
def logs(watch):
    client = watch.cloud.client("logs")
    client.create_log_group(logGroupName=watch.namespace)
    client.create_log_stream(logGroupName=watch.namespace, logStreamName="job-1/algo-1")
    client.create_log_stream(logGroupName=watch.namespace, logStreamName="job-2/algo-1")

    def put(*messages, stream="job-1/algo-1"):
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        client.put_log_events(logGroupName=watch.namespace, logStreamName=stream, logEvents=events)

    return client, put


def test_search_by_pattern_stream_prefix_and_pages(watch, logs):
    client, put = logs
    put("ERROR one", "fine", EVENT)
    put("ERROR two", stream="job-2/algo-1")

    def found(**options):
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=watch.namespace, **options)
        return [event["message"] for page in pages for event in page["events"]]

    assert sorted(found(filterPattern="ERROR -level")) == ["ERROR one", "ERROR two"]
    assert found(filterPattern="ERROR", logStreamNamePrefix="job-2/") == ["ERROR two"]
    assert found(logStreamNamePrefix="job-3/") == []
    assert found(filterPattern="{ $.ms > 100 }") == [EVENT]
    assert len(found(PaginationConfig={"PageSize": 1})) == 4
    with pytest.raises(ClientError, match="does not match patterns of space-delimited fields"):
        found(filterPattern="[a, b]")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.filter_log_events(logGroupName="none")


def total(watch, name, dimensions=()):
    metric = {"Namespace": watch.namespace, "MetricName": name, "Dimensions": list(dimensions)}
    now = time.time()
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    answer = watch.client.get_metric_data(MetricDataQueries=[query], StartTime=now - 180, EndTime=now + 60)
    return sum(answer["MetricDataResults"][0]["Values"])


def test_embedded_metrics_become_metrics_once_per_set_of_dimensions(watch, logs):
    directive = {
        "Namespace": watch.namespace,
        "Dimensions": [["Endpoint", "Model"], ["Endpoint"]],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Calls"}, {"Name": "Absent"}],
    }
    header = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    _, put = logs
    put(json.dumps({"_aws": header, "Endpoint": "e", "Model": "m", "Latency": [1.5, 2.5], "Calls": 2}))
    put('{"_aws": "broken"}')
    by_model = [{"Name": "Endpoint", "Value": "e"}, {"Name": "Model", "Value": "m"}]
    assert total(watch, "Latency", by_model) == 4.0
    assert total(watch, "Calls", by_model[:1]) == 2.0
    names = {each["MetricName"] for each in watch.client.list_metrics(Namespace=watch.namespace)["Metrics"]}
    assert names == {"Latency", "Calls"}


def test_metric_filters_count_what_they_match(watch, logs):
    client, put = logs
    transformations = {
        "errors": ('{ $.level = "ERROR" }', {"metricValue": "1", "defaultValue": 0.0}),
        "slow": ("{ $.ms > 100 }", {"metricValue": "$.ms"}),
    }
    for name, (pattern, rule) in transformations.items():
        transformation = {"metricName": name, "metricNamespace": watch.namespace, **rule}
        client.put_metric_filter(
            logGroupName=watch.namespace, filterName=name, filterPattern=pattern, metricTransformations=[transformation]
        )
    put(EVENT, "fine", EVENT)
    put("fine")
    assert total(watch, "errors") == 2.0
    assert total(watch, "slow") == 240.0
    with pytest.raises(ClientError, match="space-delimited"):
        client.put_metric_filter(
            logGroupName=watch.namespace,
            filterName="x",
            filterPattern="[a]",
            metricTransformations=[{"metricName": "x", "metricNamespace": "y", "metricValue": "1"}],
        )


def test_a_filter_of_a_group_that_is_not_there_is_refused(running_cloud):
    logs, rule = running_cloud.client("logs"), {"metricName": "x", "metricNamespace": "y", "metricValue": "1"}
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log group does not exist"):
        logs.put_metric_filter(logGroupName="/absent", filterName="x", filterPattern="", metricTransformations=[rule])


def test_a_group_that_exists_gets_another_key_or_none(running_cloud):
    logs = running_cloud.client("logs")
    key = running_cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    logs.create_log_group(logGroupName="/keyed")

    def found():
        return logs.describe_log_groups(logGroupNamePrefix="/keyed")["logGroups"][0].get("kmsKeyId")

    logs.associate_kms_key(logGroupName="/keyed", kmsKeyId=key)
    assert found() == key
    logs.disassociate_kms_key(logGroupName="/keyed")
    assert found() is None
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.associate_kms_key(logGroupName="/absent", kmsKeyId=key)
