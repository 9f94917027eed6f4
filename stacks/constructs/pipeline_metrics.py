"""The metrics that Step Functions emits for one state machine. Execution times are milliseconds."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "AWS/States"
OUTCOMES = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")


class PipelineMetrics:
    def __init__(self, state_machine_arn: str) -> None:
        self._dimensions = {"StateMachineArn": state_machine_arn}

    def executions(self, outcome: str, period_seconds: int = 300) -> cloudwatch.Metric:
        """Number of executions of one of OUTCOMES."""
        return self._metric(f"Executions{outcome}", "Sum", period_seconds)

    def throttled(self, period_seconds: int = 300) -> cloudwatch.Metric:
        return self._metric("ExecutionThrottled", "Sum", period_seconds)

    def duration(self, statistic: str = "Average", period_seconds: int = 300) -> cloudwatch.Metric:
        """Milliseconds from start to end."""
        return self._metric("ExecutionTime", statistic, period_seconds)

    def _metric(self, name: str, statistic: str, period: int) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map=self._dimensions,
            statistic=statistic,
            period=Duration.seconds(period),
        )
