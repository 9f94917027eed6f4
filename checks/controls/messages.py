"""Log groups, topics, queues, rules and budgets."""

from __future__ import annotations

from checks.assembly import Assembly, Resource, as_list
from checks.control import Holds, each
from checks.policies import attached

TOPIC, QUEUE, RULE = "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::Events::Rule"
LOGS = ("AWS::Logs::LogGroup", "Custom::LogGroup")
"""The second is a group that a service may have created before; it has the same properties."""
BUDGET, SERVICE = "AWS::Budgets::Budget", "Amazon SageMaker"
ENDPOINT, ENDPOINT_LOGS = "AWS::SageMaker::Endpoint", "/aws/sagemaker/Endpoints/"
SHARED_LOGS = tuple(f"/aws/sagemaker/{name}" for name in ("TrainingJobs", "ProcessingJobs", "TransformJobs", "studio"))
"""Log groups that SageMaker shares across the account."""


def keyed(member: str) -> Holds:
    return lambda resource, assembly: assembly.at(resource.get(member), "AWS::KMS::Key")


def topic_tls(topic: Resource, assembly: Assembly) -> bool:
    items = attached(assembly, "AWS::SNS::TopicPolicy", "Topics", topic)
    return any(item.denies_without_tls("sns:Publish") and topic.ref in item.resources for item in items)


def queue_tls(queue: Resource, assembly: Assembly) -> bool:
    items = attached(assembly, "AWS::SQS::QueuePolicy", "Queues", queue)
    arn = f"${{{queue.label}.Arn}}"
    return any(item.denies_without_tls("sqs:*") and arn in item.resources for item in items)


def has_dead_letter_queues(rule: Resource, assembly: Assembly) -> bool:
    targets = as_list(rule.get("Targets"))
    queues = [assembly.at(target.get("DeadLetterConfig", {}).get("Arn"), QUEUE) for target in targets]
    return bool(targets) and all(queues)


def logs_to_own_group(endpoint: Resource, assembly: Assembly) -> bool:
    """SageMaker fixes the name of the group, and would create it without retention and key."""
    wanted = f"{ENDPOINT_LOGS}{endpoint.get('EndpointName')}"
    return any(group.get("LogGroupName") == wanted for group in assembly.of(*LOGS))


def announces(budget: Resource, _: Assembly) -> bool:
    """One of its messages comes before the limit is passed, or as it is."""
    found = [item.get("Notification", {}) for item in as_list(budget.get("NotificationsWithSubscribers"))]
    return any(
        item.get("ComparisonOperator") == "GREATER_THAN"
        and item.get("ThresholdType", "PERCENTAGE") == "PERCENTAGE"
        and isinstance(item.get("Threshold"), (int, float))
        and 0 < item["Threshold"] <= 100
        for item in found
    )


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
    each("queue.key", "be encrypted with the customer managed key", QUEUE, keyed("KmsMasterKeyId")),
    each("queue.tls", "reject requests without TLS", QUEUE, queue_tls),
    each("rule.undelivered", "have a dead-letter queue for every target", RULE, has_dead_letter_queues),
    each("budget.announces", "send a message before its limit is passed", BUDGET, announces),
    each(
        "budget.service",
        "filter by SageMaker's service: a tag filter reads 0 until the tag is activated",
        BUDGET,
        lambda budget, _: (
            SERVICE in as_list(budget.get("Budget.CostFilters.Service"))
            and not budget.get("Budget.CostFilters.TagKeyValue")
        ),
    ),
)
