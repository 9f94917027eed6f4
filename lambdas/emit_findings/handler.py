"""EmitFindings: read a training job's final metrics, and publish those of its rules under fixed dimensions."""

from __future__ import annotations

import os
from typing import Any

from imgcls.contract import metrics
from lambdas.common.clients import client
from lambdas.common.log import logged, say
from lambdas.emit_findings.environment import Environment
from lambdas.emit_findings.findings import fired, job_name, metric_data


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"job"}`, or `{"error": {"Error", "Cause"}}` of a failed job -> `{"rules": names of those that fired}`."""
    environment = Environment.from_environment(os.environ)
    job = job_name(event)
    if job is None:
        return {"rules": []}
    found = fired(client("sagemaker").describe_training_job(TrainingJobName=job))
    say("found", job=job, rules=[rule.name for rule in found])
    if found:
        client("cloudwatch").put_metric_data(
            Namespace=metrics.NAMESPACE, MetricData=metric_data(found, environment.environment)
        )
    return {"rules": [rule.name for rule in found]}
