"""Log groups, topics, queues, rules, alarms and budgets: what tells people, and what keeps it."""

from __future__ import annotations

from collections.abc import Callable

from checks.assembly import Assembly, Resource, as_list
from checks.control import Holds, each, some
from checks.policies import attached

LOGS, TOPIC, QUEUE, RULE = "AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::Events::Rule"
ALARM, BUDGET = "AWS::CloudWatch::Alarm", "AWS::Budgets::Budget"
SHARED_LOGS = ("/aws/sagemaker/",)
"""Groups that the service shares between everybody in the account."""
MICROSECONDS = {
    "ModelLatency",
    "OverheadLatency",
    "ModelLoadingWaitTime",
    "ModelDownloadingTime",
    "ModelLoadingTime",
    "ModelUnloadingTime",
}
LOWEST_MICROSECONDS = 10_000
"""10 ms: a threshold below it was meant in milliseconds."""
SAID = ("notBreaching", "breaching")


def keyed(member: str) -> Holds:
    return lambda resource, assembly: assembly.at(resource.get(member), "AWS::KMS::Key")


def topic_tls(topic: Resource, assembly: Assembly) -> bool:
    items = attached(assembly, "AWS::SNS::TopicPolicy", "Topics", topic)
    return any(item.denies_without_tls("sns:Publish") and topic.ref in item.resources for item in items)


def topic_source_bound(topic: Resource, assembly: Assembly) -> bool:
    items = attached(assembly, "AWS::SNS::TopicPolicy", "Topics", topic)
    return all("aws:sourceaccount" in item.conditions for item in items if item.allows and item.services)


def queue_tls(queue: Resource, assembly: Assembly) -> bool:
    items = attached(assembly, "AWS::SQS::QueuePolicy", "Queues", queue)
    arn = f"${{{queue.label}.Arn}}"
    return any(item.denies_without_tls("sqs:*") and arn in item.resources for item in items)


def undelivered_kept(rule: Resource, assembly: Assembly) -> bool:
    targets = as_list(rule.get("Targets"))
    queues = [assembly.at(target.get("DeadLetterConfig", {}).get("Arn"), QUEUE) for target in targets]
    return bool(targets) and all(queues)


def tells_somebody(alarm: Resource, assembly: Assembly) -> bool:
    return any(assembly.at(action, TOPIC) for action in as_list(alarm.get("AlarmActions")))


def in_microseconds(alarm: Resource, _: Assembly) -> bool:
    return alarm.get("MetricName") not in MICROSECONDS or alarm.get("Threshold", 0) >= LOWEST_MICROSECONDS


def watches(*metrics: str) -> Callable[[Assembly], bool]:
    return lambda assembly: set(metrics) <= {alarm.get("MetricName") for alarm in assembly.of(ALARM)}


CONTROLS = (
    each("log.retention", "expire", LOGS, lambda group, _: group.get("RetentionInDays")),
    each("log.key", "be encrypted with the customer key", LOGS, keyed("KmsKeyId")),
    each(
        "log.own",
        "not be a group that the account shares",
        LOGS,
        lambda group, _: not str(group.get("LogGroupName", "")).startswith(SHARED_LOGS),
    ),
    each("topic.key", "be encrypted with the customer key", TOPIC, keyed("KmsMasterKeyId")),
    each("topic.tls", "refuse messages without TLS", TOPIC, topic_tls),
    each("topic.source-bound", "take messages from this account's services only", TOPIC, topic_source_bound),
    each("queue.key", "be encrypted with the customer key", QUEUE, keyed("KmsMasterKeyId")),
    each("queue.tls", "refuse requests without TLS", QUEUE, queue_tls),
    each("rule.undelivered", "keep what it could not deliver in a queue", RULE, undelivered_kept),
    each("alarm.tells", "tell the topic", (ALARM, "AWS::CloudWatch::CompositeAlarm"), tells_somebody),
    each(
        "alarm.silence",
        "say whether silence is good or bad",
        ALARM,
        lambda alarm, _: alarm.get("TreatMissingData") in SAID,
    ),
    each("alarm.unit", "compare microseconds with microseconds", ALARM, in_microseconds),
    some(
        "alarm.endpoint",
        "watch the endpoint's errors, latency, memory, disk and model cache",
        watches(
            "Invocation4XXErrors",
            "Invocation5XXErrors",
            "ModelLatency",
            "MemoryUtilization",
            "DiskUtilization",
            "ModelCacheHit",
        ),
    ),
    some("alarm.pipeline", "watch failed and timed-out executions", watches("ExecutionsFailed", "ExecutionsTimedOut")),
    some("alarm.findings", "watch what the rules find in trainings", watches("Findings")),
    each(
        "budget.service",
        "count by service: a tag filter reads 0 until the tag is activated",
        BUDGET,
        lambda budget, _: budget.get("Budget.CostFilters.Service") and not budget.get("Budget.CostFilters.TagKeyValue"),
    ),
)
