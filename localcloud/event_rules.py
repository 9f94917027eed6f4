"""EventBridge: the events of services that this package emulates reach the functions that rules name for them.

Only rules with a pattern on the default bus, and only Lambda functions as targets. A schedule starts nothing.
"""

from __future__ import annotations

import datetime
import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localcloud.context import Cloud

log = logging.getLogger(__name__)


def deliver(cloud: Cloud, source: str, detail_type: str, resources: Sequence[str], detail: Mapping[str, Any]) -> None:
    """Invoke the targets of every enabled rule that matches the event."""
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": cloud.account_id,
        "time": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": cloud.region,
        "resources": list(resources),
        "detail": dict(detail),
    }
    events = cloud.client("events")
    for rule in _rules(cloud):
        if rule.get("State") == "ENABLED" and _matches(rule, event):
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                _invoke(cloud, rule["Arn"], target, event)


def _rules(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.client("events").get_paginator("list_rules").paginate():
        yield from (rule for rule in page["Rules"] if rule.get("EventPattern"))


def _matches(rule: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    try:
        return matches(json.loads(rule["EventPattern"]), event)
    except ValueError as error:
        log.warning("%s: %s", rule["Arn"], error)
        return False


def _invoke(cloud: Cloud, rule: str, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    arn = target["Arn"]
    if arn.split(":")[2] != "lambda":
        log.warning("localcloud does not emulate %s as a target of EventBridge rules (%s)", arn.split(":")[2], rule)
    elif not _permits(cloud, arn, rule):
        log.warning("EventBridge may not invoke %s: its policy does not permit the rule %s", arn, rule)
    elif changed := [name for name in ("Input", "InputPath", "InputTransformer") if name in target]:
        log.warning("localcloud does not emulate %s of a rule's target (%s)", changed[0], rule)
    else:
        cloud.client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(event))


def _permits(cloud: Cloud, function: str, rule: str) -> bool:
    """Whether the function's own policy lets this rule invoke it: AWS drops the event otherwise."""
    functions = cloud.client("lambda")
    try:
        policy = json.loads(functions.get_policy(FunctionName=function)["Policy"])
    except functions.exceptions.ResourceNotFoundException:
        return False
    return any(_allows(statement, rule) for statement in policy["Statement"])


def _allows(statement: Mapping[str, Any], rule: str) -> bool:
    conditions = statement.get("Condition", {})
    sources = [entry["AWS:SourceArn"] for entry in conditions.values() if "AWS:SourceArn" in entry]
    sources += [entry["aws:SourceArn"] for entry in conditions.values() if "aws:SourceArn" in entry]
    return (
        statement["Effect"] == "Allow"
        and statement["Action"] == "lambda:InvokeFunction"
        and "events.amazonaws.com" in str(statement["Principal"])
        and all(source == rule for source in sources)
    )


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether every field of the pattern fits the event. ValueError for a filter that is not emulated."""
    for name, wanted in pattern.items():
        if isinstance(wanted, Mapping):
            inner = event.get(name)
            if not isinstance(inner, Mapping) or not matches(wanted, inner):
                return False
        elif not any(_fits(each, event.get(name), name in event) for each in wanted):
            return False
    return True


def _fits(wanted: Any, value: Any, present: bool) -> bool:
    values = value if isinstance(value, list) else [value]
    if not isinstance(wanted, Mapping):
        return present and wanted in values
    ((kind, argument),) = wanted.items()
    if kind == "exists":
        return bool(argument) is present
    if kind == "prefix":
        return any(isinstance(each, str) and each.startswith(argument) for each in values)
    if kind == "anything-but" and not isinstance(argument, Mapping):
        excluded = argument if isinstance(argument, list) else [argument]
        return present and not any(each in excluded for each in values)
    raise ValueError(f"localcloud does not emulate the filter {kind} of EventBridge patterns")
