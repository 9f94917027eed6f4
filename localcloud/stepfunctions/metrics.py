"""The metrics that Step Functions emits about executions: AWS/States, by state machine."""

from __future__ import annotations

from localcloud.cloudwatch import publish
from localcloud.cloudwatch.metrics.requests import Datum, Dimension
from localcloud.context import Cloud
from localcloud.stepfunctions.execution import Execution

OUTCOMES = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "ABORTED": "Aborted", "TIMED_OUT": "TimedOut"}


def count(cloud: Cloud, execution: Execution, event: str) -> None:
    """Put Executions<event>, and once the execution has ended the ExecutionTime in milliseconds."""
    dimensions: list[Dimension] = [{"Name": "StateMachineArn", "Value": execution.machine.arn}]
    data: list[Datum] = [{"MetricName": f"Executions{event}", "Value": 1.0, "Unit": "Count", "Dimensions": dimensions}]
    if execution.stopped is not None:
        milliseconds = (execution.stopped - execution.started).total_seconds() * 1000
        data.append(
            {
                "MetricName": "ExecutionTime",
                "Value": milliseconds,
                "Unit": "Milliseconds",
                "Dimensions": dimensions,
            }
        )
    publish(cloud, "AWS/States", data)
