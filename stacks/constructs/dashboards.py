"""Four dashboards: the pipeline, its training jobs, the endpoint, and the endpoint's model cache."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from imgcls.contract import metrics as training_metrics
from stacks.constructs.endpoint_metrics import EndpointMetrics
from stacks.constructs.pipeline_metrics import OUTCOMES, PipelineMetrics

JOBS = "/aws/sagemaker/TrainingJobs"
MINUTE = 60
HALF_WIDTH = 12
MICROSECONDS = cloudwatch.YAxisProps(label="microseconds", show_units=False, min=0)
PERCENT = cloudwatch.YAxisProps(label="percent", show_units=False, min=0)
RATIO = cloudwatch.YAxisProps(label="ratio", show_units=False, min=0, max=1)
COUNT = cloudwatch.YAxisProps(label="count", show_units=False, min=0)


def pipeline_dashboard(
    scope: Construct, name: str, *, metrics: PipelineMetrics, functions: Sequence[cloudwatch.Metric]
) -> cloudwatch.Dashboard:
    """`functions` are the error counts of the pipeline's functions."""
    milliseconds = cloudwatch.YAxisProps(label="milliseconds", show_units=False, min=0)
    return _dashboard(
        scope,
        "Pipeline",
        f"{name}-pipeline",
        _graph("Executions", [metrics.executions(outcome) for outcome in OUTCOMES], COUNT),
        _graph("Duration of an execution", [metrics.duration("Average"), metrics.duration("p99")], milliseconds),
        _graph("Errors of the functions", functions, COUNT),
        _graph("Throttled transitions", [metrics.throttled()], COUNT),
    )


def training_dashboard(scope: Construct, name: str) -> cloudwatch.Dashboard:
    """Job names are known at run time only, so every graph searches: by job for what training prints, by host else."""
    printed = [name for name in training_metrics.NAMES if name.startswith(("train:", "validation:"))]
    hosts = ("CPUUtilization", "MemoryUtilization", "GPUUtilization", "GPUMemoryUtilization", "DiskUtilization")
    return _dashboard(
        scope,
        "Training",
        f"{name}-training",
        *(_graph(metric, [_search("TrainingJobName", metric)]) for metric in printed),
        *(_graph(f"{metric} by host", [_search("Host", metric)], PERCENT) for metric in hosts),
    )


def endpoint_dashboard(scope: Construct, name: str, *, metrics: EndpointMetrics) -> cloudwatch.Dashboard:
    return _dashboard(
        scope,
        "Endpoint",
        f"{name}-endpoint",
        _graph("Invocations", [metrics.invocations(), metrics.invocations_per_instance()], COUNT),
        _graph("Errors", [metrics.errors("4XX"), metrics.errors("5XX")], COUNT),
        _graph(
            "Latency",
            [metrics.model_latency("p50"), metrics.model_latency("p99"), metrics.overhead_latency("p99")],
            MICROSECONDS,
        ),
        _graph("Utilization", [metrics.utilization(kind) for kind in ("CPU", "Memory", "Disk")], PERCENT),
    )


def model_cache_dashboard(scope: Construct, name: str, *, metrics: EndpointMetrics) -> cloudwatch.Dashboard:
    return _dashboard(
        scope,
        "ModelCache",
        f"{name}-model-cache",
        _graph("Requests whose model was in memory", [metrics.cache_hit_ratio()], RATIO),
        _graph("Models in memory", [metrics.loaded_models("Average"), metrics.loaded_models("Maximum")], COUNT),
        _graph("Time for a model that was not", metrics.model_times("p99"), MICROSECONDS),
        _graph("Memory", [metrics.utilization("Memory")], PERCENT),
    )


def _dashboard(scope: Construct, id: str, name: str, *widgets: cloudwatch.IWidget) -> cloudwatch.Dashboard:
    rows = [list(widgets[index : index + 2]) for index in range(0, len(widgets), 2)]
    return cloudwatch.Dashboard(scope, id, dashboard_name=name, widgets=rows, period_override=None)


def _graph(
    title: str, lines: Sequence[cloudwatch.IMetric], axis: cloudwatch.YAxisProps | None = None
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(lines), left_y_axis=axis, width=HALF_WIDTH)


def _search(dimension: str, metric: str) -> cloudwatch.MathExpression:
    text = f"SEARCH('{{{JOBS},{dimension}}} MetricName=\"{metric}\"', 'Average', {MINUTE})"
    return cloudwatch.MathExpression(expression=text, label="", period=Duration.seconds(MINUTE))
