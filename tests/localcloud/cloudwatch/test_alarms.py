"""Alarms through boto3: evaluation, actions, history, composites, refusals."""

import datetime
import threading

import pytest
from botocore.exceptions import ClientError

from localcloud.cloudwatch.alarms.actions import Actions
from localcloud.cloudwatch.alarms.evaluator import Evaluator
from localcloud.cloudwatch.alarms.history import AlarmHistory
from localcloud.cloudwatch.metrics.store import MetricStore

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


def test_an_alarm_fires_recovers_and_publishes_to_its_topic(watch):
    watch.alarm("errors", AlarmDescription="too many", TreatMissingData="notBreaching")
    assert watch.state("errors") == "INSUFFICIENT_DATA"
    watch.put("errors", 2.0)
    assert watch.evaluate("errors", NOON + MINUTE) == "ALARM"
    assert watch.evaluate("errors", NOON + MINUTE) == "ALARM"
    ((subject, message),) = watch.messages()
    assert subject == 'ALARM: "errors" in us-east-1'
    assert (message["NewStateValue"], message["OldStateValue"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert message["AlarmDescription"] == "too many"
    assert message["Trigger"]["Threshold"] == 0.0
    watch.put("errors", 0.0, at=NOON + 3 * MINUTE)
    assert watch.evaluate("errors", NOON + 4 * MINUTE) == "OK"
    assert [subject for subject, _ in watch.messages()] == ['OK: "errors" in us-east-1']
    history = watch.client.describe_alarm_history(AlarmName="errors", HistoryItemType="StateUpdate")
    assert [item["HistorySummary"] for item in history["AlarmHistoryItems"]] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
    ]


def test_a_new_alarm_that_warms_up_is_not_evaluated_before(watch):
    warm_up = {"WarmUpPeriodDurationInMinutes": 60, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
    now, options = datetime.datetime.now(datetime.UTC), {"TreatMissingData": "breaching"}
    watch.alarm("cold", **options)
    watch.alarm("warm", WarmUpConfiguration=warm_up, **options)
    assert watch.evaluate("cold", now + 59 * MINUTE) == "ALARM"
    assert watch.state("warm") == "INSUFFICIENT_DATA"
    watch.alarm("warm", WarmUpConfiguration=warm_up, **options)
    assert watch.evaluate("warm", now + 61 * MINUTE) == "ALARM"
    (described,) = watch.client.describe_alarms(AlarmNames=["warm"])["MetricAlarms"]
    assert described["WarmUpConfiguration"] == warm_up
    with pytest.raises(ClientError, match="does not emulate a warm-up that ends early"):
        watch.alarm("early", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 60})


def test_a_breach_in_the_running_minute_counts_at_once(watch):
    watch.alarm("high")
    watch.alarm("low", ComparisonOperator="LessThanThreshold", Threshold=5.0, TreatMissingData="missing")
    watch.put("errors", 1.0)
    assert watch.evaluate("high", NOON + datetime.timedelta(seconds=20)) == "ALARM"
    assert watch.state("low") == "INSUFFICIENT_DATA"
    assert watch.evaluate("low", NOON + MINUTE) == "ALARM"


def test_datapoints_to_alarm_and_percentiles(watch):
    watch.client.put_metric_alarm(
        AlarmName="latency",
        Namespace=watch.namespace,
        MetricName="latency",
        ExtendedStatistic="p90",
        Period=60,
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=100.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    slow, fine = [50.0] * 8 + [500.0] * 2, [50.0] * 9 + [500.0]
    for minute, values in enumerate([slow, fine, fine]):
        watch.put("latency", *values, at=NOON + minute * MINUTE)
    assert watch.evaluate("latency", NOON + 3 * MINUTE) == "OK"
    watch.put("latency", *slow, at=NOON + 3 * MINUTE)
    watch.put("latency", *slow, at=NOON + 4 * MINUTE)
    assert watch.evaluate("latency", NOON + 5 * MINUTE) == "ALARM"


def test_an_expression_alarm(watch):
    def stat(name):
        return {"Metric": {"Namespace": watch.namespace, "MetricName": name}, "Period": 60, "Stat": "Sum"}

    metrics = [
        {"Id": "e", "MetricStat": stat("errors"), "ReturnData": False},
        {"Id": "c", "MetricStat": stat("calls"), "ReturnData": False},
        {"Id": "ratio", "Expression": "IF(c > 10, FILL(e, 0) / c, 0)", "Label": "error ratio", "ReturnData": True},
    ]
    watch.alarm("ratio", Metrics=metrics, Threshold=0.1)
    watch.put("calls", 1.0, Counts=[20.0])
    assert watch.evaluate("ratio", NOON + MINUTE) == "OK"
    watch.put("errors", 3.0)
    assert watch.evaluate("ratio", NOON + MINUTE) == "ALARM"
    described = watch.client.describe_alarms(AlarmNames=["ratio"])["MetricAlarms"][0]
    assert [each["Id"] for each in described["Metrics"]] == ["e", "c", "ratio"]


def test_set_alarm_state_acts_and_the_next_evaluation_corrects_it(watch):
    watch.alarm("errors", TreatMissingData="notBreaching")
    watch.evaluate("errors")
    watch.messages()
    watch.client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    assert [message["NewStateReason"] for _, message in watch.messages()] == ["a drill"]
    assert watch.evaluate("errors") == "OK"


def test_actions_can_be_switched_off_and_only_topics_are_notified(watch):
    watch.alarm("quiet", ActionsEnabled=False)
    watch.alarm("other", AlarmActions=["arn:aws:automate:us-east-1:ec2:stop"])
    watch.put("errors", 1.0)
    watch.evaluate("quiet", NOON + MINUTE)
    assert watch.messages() == []
    items = watch.client.describe_alarm_history(AlarmName="other", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == [
        "Failed to execute action arn:aws:automate:us-east-1:ec2:stop: localcloud performs SNS actions only"
    ]


def test_composite_alarms_follow_their_rule_and_each_other(watch):
    watch.alarm("one")
    watch.alarm("two", MetricName="others", TreatMissingData="notBreaching")
    create = watch.client.put_composite_alarm
    create(AlarmName="all", AlarmRule='ALARM("any") AND NOT ALARM(two)', AlarmActions=[watch.topic])
    arn = watch.client.describe_alarms(AlarmNames=["one"])["MetricAlarms"][0]["AlarmArn"]
    create(AlarmName="any", AlarmRule=f'(ALARM("{arn}") OR ALARM("two"))')
    watch.put("errors", 1.0)
    assert watch.evaluate("all", NOON + MINUTE) == "ALARM"
    assert watch.state("any") == "ALARM"
    assert 'ALARM: "all" in us-east-1' in [subject for subject, _ in watch.messages()]
    watch.put("others", 1.0, at=NOON + MINUTE)
    watch.put("errors", 1.0, at=NOON + MINUTE)
    assert watch.evaluate("all", NOON + 2 * MINUTE) == "OK"


def test_an_update_keeps_the_state(watch):
    watch.alarm("errors")
    watch.put("errors", 1.0)
    watch.evaluate("errors", NOON + MINUTE)
    watch.alarm("errors", Threshold=100.0)
    assert watch.state("errors") == "ALARM"
    assert watch.evaluate("errors", NOON + MINUTE) == "OK"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"Metrics": [{"Id": "e", "Expression": "SEARCH('x', 'Sum', 60)", "Period": 60}]}, "function SEARCH"),
        ({"Metrics": [{"Id": "e", "Expression": "m1 / 2", "Period": 60}]}, "no metric with the id m1"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "anomaly detection"),
    ],
)
def test_alarms_that_cannot_be_evaluated_are_refused(watch, options, reason):
    with pytest.raises(ClientError, match=reason):
        watch.alarm("refused", **options)
    assert watch.client.describe_alarms(AlarmNames=["refused"])["MetricAlarms"] == []


@pytest.mark.parametrize("rule", ["ALARM(", 'ALARM("a") AND', "a AND b", 'ALARM("a") ALARM("b")'])
def test_rules_that_cannot_be_parsed_are_refused(watch, rule):
    with pytest.raises(ClientError, match="AlarmRule is not valid"):
        watch.client.put_composite_alarm(AlarmName="refused", AlarmRule=rule)


def test_descriptions_filter_by_type_prefix_and_state(watch):
    watch.alarm("a-1")
    watch.alarm("a-2")
    watch.client.put_composite_alarm(AlarmName="a-3", AlarmRule='OK("a-1")')
    watch.client.set_alarm_state(AlarmName="a-2", StateValue="ALARM", StateReason="x")
    names = [alarm["AlarmName"] for alarm in watch.client.describe_alarms(AlarmNamePrefix="a-")["MetricAlarms"]]
    assert names == ["a-1", "a-2"]
    alarming = watch.client.describe_alarms(AlarmNamePrefix="a-", StateValue="ALARM")
    assert ([alarm["AlarmName"] for alarm in alarming["MetricAlarms"]], alarming["CompositeAlarms"]) == (["a-2"], [])


def test_alarms_are_evaluated_on_a_timer(running_cloud):
    asked = threading.Event()

    def records():
        asked.set()
        return []

    history = AlarmHistory()
    evaluator = Evaluator(records, MetricStore(), history, Actions(running_cloud, history), tick_seconds=0.01)
    evaluator.start()
    try:
        assert asked.wait(5)
    finally:
        evaluator.stop()
