"""Alarms that are there and never tell anybody anything."""

from __future__ import annotations

from typing import Any

from tests.checks.breakages.breakage import STRANGER, Break, both, drop, put

ALARM = "AWS::CloudWatch::Alarm"
ENDPOINT = ("EndpointName", "VariantName")


def alarm(start: str, **changes: Any) -> Break:
    return both(*(put(ALARM, name, value, start) for name, value in changes.items()))


BREAKAGES: dict[str, Break] = {
    "switched off": alarm("ExecutionsFailed", ActionsEnabled=False),
    "switched off by text": alarm("ServerErrors", ActionsEnabled="false"),
    "without actions": alarm("ExecutionsFailed", AlarmActions=[]),
    "telling only that all is well": both(alarm("MemoryFull", OKActions=["x"]), drop(ALARM, "AlarmActions", "MemoryFull")),
    "telling somebody else": alarm("ServerErrors", AlarmActions=[f"arn:aws:sns:us-east-1:{STRANGER}:x"]),
    "a threshold of a million": alarm("ExecutionsFailed", Threshold=1_000_000),
    "a rate above one": alarm("ServerErrors", Threshold=1.5),
    "a share above a hundred": alarm("MemoryFull", Threshold=100),
    "a latency of an hour": alarm("Latency", Threshold=3_600_000_000),
    "less than nothing": alarm("CacheMisses", Threshold=0),
    "firing when all is well": alarm("ExecutionsFailed", ComparisonOperator="LessThanThreshold", Threshold=1),
    "a miss that is a hit": alarm("CacheMisses", ComparisonOperator="GreaterThanThreshold"),
    "the smallest value": alarm("MemoryFull", Statistic="Minimum"),
    "the fastest request": alarm("Latency", ExtendedStatistic="p1"),
    "a day of failures": alarm("ExecutionsFailed", EvaluationPeriods=288, DatapointsToAlarm=288),
    "more points than periods": alarm("DiskFull", DatapointsToAlarm=5, EvaluationPeriods=3),
    "a period of a day": alarm("DiskFull", Period=86400),
    "ten failures in a row": alarm("ExecutionsTimedOut", EvaluationPeriods=10, DatapointsToAlarm=10),
    "another machine": alarm("ExecutionsFailed", Dimensions=[{"Name": "StateMachineArn", "Value": "arn:aws:states:us-east-1:123456789012:stateMachine:old"}]),
    "another endpoint": alarm("ServerErrors", Dimensions=[{"Name": "EndpointName", "Value": "kennel-old"}, {"Name": "VariantName", "Value": "AllTraffic"}]),
    "another variant": alarm("ServerErrors", Dimensions=[{"Name": "EndpointName", "Value": "kennel-prod"}, {"Name": "VariantName", "Value": "Blue"}]),
    "no dimensions": alarm("MemoryFull", Dimensions=[]),
    "a dimension too many": alarm("ExecutionsFailed", Dimensions=[{"Name": "StateMachineArn", "Value": "x"}, {"Name": "Region", "Value": "us-east-1"}]),
    "another environment": alarm("TrainingFindings", Dimensions=[{"Name": "About", "Value": "learning"}, {"Name": "Environment", "Value": "kennel-dev"}]),
    "another queue": alarm("StartsUndelivered", Dimensions=[{"Name": "QueueName", "Value": "old"}]),
    "another namespace": alarm("ExecutionsFailed", Namespace="AWS/StepFunctions"),
    "another metric": alarm("ServerErrors", MetricName="Invocation6XXErrors"),
    "a metric that succeeds": alarm("ExecutionsFailed", MetricName="ExecutionsSucceeded"),
    "missing data that is ignored": alarm("ServerErrors", TreatMissingData="ignore"),
    "silence that is well": alarm("Idle", TreatMissingData="notBreaching"),
    "a formula": both(drop(ALARM, "MetricName", "DiskFull"), alarm("DiskFull", Metrics=[{"Id": "e", "Expression": "0 * 1", "ReturnData": True}])),
    "a composite that is false": put("AWS::CloudWatch::CompositeAlarm", "AlarmRule", "FALSE"),
    "a composite that cannot be true": put("AWS::CloudWatch::CompositeAlarm", "AlarmRule", 'ALARM("a") AND OK("a")'),
    "a composite that is suppressed": put("AWS::CloudWatch::CompositeAlarm", "ActionsSuppressor", "always"),
    "a composite that is switched off": put("AWS::CloudWatch::CompositeAlarm", "ActionsEnabled", False),
    "a year of warming up": alarm("Idle", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 525600}),
}  # fmt: skip
