"""The rules that fired in a training job, and the metrics that report them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from imgcls.contract import metrics, rules
from imgcls.contract.failures import causes, job_kinds
from imgcls.contract.rules import Rule


def job_name(event: Mapping[str, Any]) -> str | None:
    """The training job of the event: by name, or from the cause of its failure. None for a failure without a job."""
    if "job" in event:
        return str(event["job"])
    cause = causes.read_caught(event["error"])
    return cause.job if cause.kind is job_kinds.TRAINING else None


def fired(description: Mapping[str, Any]) -> list[Rule]:
    """The rules whose metric the job printed, in the table's order. `description` is DescribeTrainingJob's answer."""
    printed = {item["MetricName"] for item in description.get("FinalMetricDataList", [])}
    return [rule for rule in rules.RULES if rule.metric in printed]


def metric_data(found: Iterable[Rule], environment: str) -> list[dict[str, Any]]:
    """MetricData of PutMetricData: 1 per rule that fired, and the number of rules per `about`."""
    found = list(found)
    counts = {(metrics.RULE, rule.name): 1 for rule in found}
    counts |= {(metrics.ABOUT, about): count for about, count in Counter(rule.about for rule in found).items()}
    return [
        {
            "MetricName": metrics.FINDINGS,
            "Dimensions": [{"Name": metrics.ENVIRONMENT, "Value": environment}, {"Name": name, "Value": value}],
            "Value": count,
            "Unit": "Count",
        }
        for (name, value), count in counts.items()
    ]
