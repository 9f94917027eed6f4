"""The metrics of the pipeline: state machine, functions, schedule, findings. Execution times are milliseconds."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from imgcls.contract import metrics

NAMESPACE = "AWS/States"
OUTCOMES = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")


class PipelineMetrics:
    """`function_errors`: one error count per function. `undelivered`: the number of scheduled starts that failed."""

    def __init__(
        self,
        state_machine_arn: str,
        *,
        environment: str,
        function_errors: Mapping[str, cloudwatch.Metric],
        undelivered: cloudwatch.Metric,
    ) -> None:
        self._dimensions = {"StateMachineArn": state_machine_arn}
        self._environment = environment
        self.function_errors = function_errors
        self.undelivered = undelivered

    def executions(self, outcome: str, period_seconds: int = 300) -> cloudwatch.Metric:
        """Number of executions of one of OUTCOMES."""
        return self._metric(f"Executions{outcome}", "Sum", period_seconds)

    def throttled(self, period_seconds: int = 300) -> cloudwatch.Metric:
        return self._metric("ExecutionThrottled", "Sum", period_seconds)

    def duration(self, statistic: str = "Average", period_seconds: int = 300) -> cloudwatch.Metric:
        """Milliseconds from start to end."""
        return self._metric("ExecutionTime", statistic, period_seconds)

    def findings(self, about: str, period_seconds: int = 300) -> cloudwatch.Metric:
        """Number of rules about `learning` or `system` that fired in final training jobs."""
        return self._findings(metrics.ABOUT, about, period_seconds)

    def findings_of(self, rule: str, period_seconds: int = 300) -> cloudwatch.Metric:
        """Number of final training jobs in which `rule` fired."""
        return self._findings(metrics.RULE, rule, period_seconds)

    def _findings(self, dimension: str, value: str, period: int) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=metrics.NAMESPACE,
            metric_name=metrics.FINDINGS,
            dimensions_map={metrics.ENVIRONMENT: self._environment, dimension: value},
            statistic="Sum",
            period=Duration.seconds(period),
        )

    def _metric(self, name: str, statistic: str, period: int) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map=self._dimensions,
            statistic=statistic,
            period=Duration.seconds(period),
        )
