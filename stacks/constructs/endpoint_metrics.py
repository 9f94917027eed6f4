"""The metrics that SageMaker emits for a multi-model endpoint, in its own units. Times are microseconds."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

INVOCATIONS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
MICROSECONDS_PER_MS = 1000
MODEL_TIMES = {
    "wait": "ModelLoadingWaitTime",
    "download": "ModelDownloadingTime",
    "load": "ModelLoadingTime",
    "unload": "ModelUnloadingTime",
}


class EndpointMetrics:
    """The metrics of one variant. An alarm may use another `period_seconds` than a chart."""

    def __init__(self, endpoint_name: str, variant_name: str) -> None:
        self._dimensions = {"EndpointName": endpoint_name, "VariantName": variant_name}

    def invocations(self, period_seconds: int = 60) -> cloudwatch.Metric:
        return self._metric(INVOCATIONS, "Invocations", "Sum", period_seconds)

    def invocations_per_instance(self, period_seconds: int = 60) -> cloudwatch.Metric:
        return self._metric(INVOCATIONS, "InvocationsPerInstance", "Sum", period_seconds)

    def error_ratio(self, family: str, period_seconds: int = 60) -> cloudwatch.Metric:
        """Share of the invocations that ended with `4XX` or `5XX`, 0..1: each invocation emits 0 or 1."""
        return self._metric(INVOCATIONS, f"Invocation{family}Errors", "Average", period_seconds)

    def errors(self, family: str, period_seconds: int = 60) -> cloudwatch.Metric:
        return self._metric(INVOCATIONS, f"Invocation{family}Errors", "Sum", period_seconds)

    def model_latency(self, statistic: str = "p99", period_seconds: int = 60) -> cloudwatch.Metric:
        """Microseconds inside the container."""
        return self._metric(INVOCATIONS, "ModelLatency", statistic, period_seconds)

    def overhead_latency(self, statistic: str = "p99", period_seconds: int = 60) -> cloudwatch.Metric:
        """Microseconds that SageMaker adds."""
        return self._metric(INVOCATIONS, "OverheadLatency", statistic, period_seconds)

    def cache_hit_ratio(self, period_seconds: int = 60) -> cloudwatch.Metric:
        """Share of the invocations whose target model was already in memory, 0..1."""
        return self._metric(INVOCATIONS, "ModelCacheHit", "Average", period_seconds)

    def model_time(self, part: str, statistic: str = "p99", period_seconds: int = 60) -> cloudwatch.Metric:
        """Microseconds of `part`, one of MODEL_TIMES."""
        return self._metric(INVOCATIONS, MODEL_TIMES[part], statistic, period_seconds)

    def loaded_models(self, statistic: str = "Average", period_seconds: int = 60) -> cloudwatch.Metric:
        return self._metric(INSTANCES, "LoadedModelCount", statistic, period_seconds)

    def utilization(self, resource: str, period_seconds: int = 60) -> cloudwatch.Metric:
        """Percent of `CPU` (100 per core), `Memory` or `Disk` on the instance with the highest value."""
        return self._metric(INSTANCES, f"{resource}Utilization", "Maximum", period_seconds)

    def _metric(self, namespace: str, name: str, statistic: str, period: int) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map=self._dimensions,
            statistic=statistic,
            period=Duration.seconds(period),
        )
