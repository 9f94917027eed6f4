"""Log groups, topics, queues, rules, alarms and budgets."""

from __future__ import annotations

from collections.abc import Callable

from checks.assembly import Assembly, Resource, as_list
from checks.control import Holds, each, of_assembly
from checks.policies import attached
from imgcls.contract import metrics

TOPIC, QUEUE, RULE = "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::Events::Rule"
LOGS = ("AWS::Logs::LogGroup", "Custom::LogGroup")
"""The second is a group that a service may have created before; it has the same properties."""
ALARM, BUDGET = "AWS::CloudWatch::Alarm", "AWS::Budgets::Budget"
ENDPOINT, ENDPOINT_LOGS = "AWS::SageMaker::Endpoint", "/aws/sagemaker/Endpoints/"
SHARED_LOGS = tuple(f"/aws/sagemaker/{name}" for name in ("TrainingJobs", "ProcessingJobs", "TransformJobs", "studio"))
"""Log groups that SageMaker shares across the account."""
MICROSECONDS = {
    "ModelLatency",
    "OverheadLatency",
    "ModelLoadingWaitTime",
    "ModelDownloadingTime",
    "ModelLoadingTime",
    "ModelUnloadingTime",
}
LOWEST_MICROSECONDS = 10_000
"""10 ms: a lower threshold was probably meant in milliseconds."""
NAMESPACES = {
    "/aws/sagemaker/Endpoints": {"CPUUtilization", "DiskUtilization", "LoadedModelCount", "MemoryUtilization"},
    "AWS/Lambda": {"Errors", "Throttles"},
    "AWS/SNS": {"NumberOfNotificationsFailed"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    "AWS/SageMaker": {
        "Invocation4XXErrors", "Invocation5XXErrors", "Invocations", "InvocationsPerInstance", "ModelCacheHit",
        *MICROSECONDS,
    },
    "AWS/States": {"ExecutionThrottled", "ExecutionsAborted", "ExecutionsFailed", "ExecutionsTimedOut"},
    metrics.NAMESPACE: {"Findings"},
}  # fmt: skip
"""Namespace -> the metrics of it that an alarm may watch: one in another namespace never has a value."""
TREATMENTS = ("notBreaching", "breaching")


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


def has_dead_letter_queues(rule: Resource, assembly: Assembly) -> bool:
    targets = as_list(rule.get("Targets"))
    queues = [assembly.at(target.get("DeadLetterConfig", {}).get("Arn"), QUEUE) for target in targets]
    return bool(targets) and all(queues)


def notifies(alarm: Resource, assembly: Assembly) -> bool:
    existing = assembly.expected.get("ExistingTopic")
    actions = as_list(alarm.get("AlarmActions"))
    return existing in actions if existing else any(assembly.at(action, TOPIC) for action in actions)


def in_microseconds(alarm: Resource, _: Assembly) -> bool:
    return alarm.get("MetricName") not in MICROSECONDS or alarm.get("Threshold", 0) >= LOWEST_MICROSECONDS


def logs_to_own_group(endpoint: Resource, assembly: Assembly) -> bool:
    """SageMaker fixes the name of the group, and would create it without retention and key."""
    wanted = f"{ENDPOINT_LOGS}{endpoint.get('EndpointName')}"
    return any(group.get("LogGroupName") == wanted for group in assembly.of(*LOGS))


def existing_metric(alarm: Resource, _: Assembly) -> bool:
    stats = [item["MetricStat"]["Metric"] for item in as_list(alarm.get("Metrics")) if "MetricStat" in item]
    named = [(item["Namespace"], item["MetricName"]) for item in stats]
    if alarm.get("MetricName"):
        named.append((alarm.get("Namespace"), alarm.get("MetricName")))
    return all(name in NAMESPACES.get(namespace, ()) for namespace, name in named)


def watches(*metrics: str) -> Callable[[Assembly], bool]:
    return lambda assembly: set(metrics) <= {alarm.get("MetricName") for alarm in assembly.of(ALARM)}


CONTROLS = (
    each("log.retention", "have a retention period", LOGS, lambda group, _: group.get("RetentionInDays")),
    each("log.key", "be encrypted with the customer managed key", LOGS, keyed("KmsKeyId")),
    each(
        "log.own",
        "not be a log group that is shared across the account",
        LOGS,
        lambda group, _: not str(group.get("LogGroupName", "")).startswith(SHARED_LOGS),
    ),
    each("log.endpoint", "log to a group that its stack has", ENDPOINT, logs_to_own_group),
    each("topic.key", "be encrypted with the customer managed key", TOPIC, keyed("KmsMasterKeyId")),
    each("topic.tls", "reject messages without TLS", TOPIC, topic_tls),
    each("topic.source-bound", "accept messages from this account's services only", TOPIC, topic_source_bound),
    each("queue.key", "be encrypted with the customer managed key", QUEUE, keyed("KmsMasterKeyId")),
    each("queue.tls", "reject requests without TLS", QUEUE, queue_tls),
    each("rule.undelivered", "have a dead-letter queue for every target", RULE, has_dead_letter_queues),
    each("alarm.tells", "notify the topic", (ALARM, "AWS::CloudWatch::CompositeAlarm"), notifies),
    each(
        "alarm.silence",
        "state how missing data is treated",
        ALARM,
        lambda alarm, _: alarm.get("TreatMissingData") in TREATMENTS,
    ),
    each("alarm.unit", "have a threshold in microseconds if its metric is", ALARM, in_microseconds),
    each("alarm.metric", "watch a metric that exists in its namespace", ALARM, existing_metric),
    of_assembly(
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
    of_assembly(
        "alarm.pipeline", "watch failed and timed-out executions", watches("ExecutionsFailed", "ExecutionsTimedOut")
    ),
    of_assembly("alarm.findings", "watch the findings of the training rules", watches("Findings")),
    each(
        "budget.service",
        "filter by service: a tag filter reads 0 until the tag is activated",
        BUDGET,
        lambda budget, _: budget.get("Budget.CostFilters.Service") and not budget.get("Budget.CostFilters.TagKeyValue"),
    ),
)
