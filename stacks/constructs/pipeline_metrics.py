"""The metrics of the pipeline: state machine, functions, schedule, findings. Execution times are milliseconds."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from imgcls.contract import metrics

NAMESPACE = "AWS/States"
OUTCOMES = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")


class PipelineMetrics:
    """`functions`: the stack whose functions these are. `undelivered`: the number of scheduled starts that failed."""

    def __init__(
        self,
        state_machine_arn: str,
        *,
        environment: str,
        functions: str,
        undelivered: cloudwatch.Metric,
    ) -> None:
        self._dimensions = {"StateMachineArn": state_machine_arn}
        self._environment = environment
        self._functions = functions
        self.undelivered = undelivered

    def function_errors(self, period_seconds: int = 300) -> cloudwatch.MathExpression:
        """Number of errors, one line per function. By search: a function's name handed on to another stack would be
        an export, and a function that is renamed or left out could not be updated while that stack imports it."""
        words = " ".join(self._functions.split("-"))  # the words of the names that CloudFormation gives
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{{AWS/Lambda,FunctionName}} MetricName=\"Errors\" {words}', 'Sum', {period_seconds})",
            label="",
            period=Duration.seconds(period_seconds),
        )

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
