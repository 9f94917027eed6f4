"""Four dashboards: pipeline, training jobs, endpoint, and the endpoint's model cache."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from imgcls.contract import metrics as training_metrics
from imgcls.contract.rules import RULES
from stacks.constructs.endpoint_metrics import MODEL_TIMES, EndpointMetrics
from stacks.constructs.pipeline_metrics import OUTCOMES, PipelineMetrics

JOBS = "/aws/sagemaker/TrainingJobs"
HOST_METRICS = ("CPUUtilization", "MemoryUtilization", "GPUUtilization", "GPUMemoryUtilization", "DiskUtilization")
MINUTE = 60
HALF_WIDTH = 12
MICROSECONDS = cloudwatch.YAxisProps(label="microseconds", show_units=False, min=0)
PERCENT = cloudwatch.YAxisProps(label="percent", show_units=False, min=0)
RATIO = cloudwatch.YAxisProps(label="ratio", show_units=False, min=0, max=1)
MILLISECONDS = cloudwatch.YAxisProps(label="milliseconds", show_units=False, min=0)
COUNT = cloudwatch.YAxisProps(label="count", show_units=False, min=0)


Lines = Mapping[str, cloudwatch.Metric]
"""Label -> metric."""


def pipeline_dashboard(
    scope: Construct, name: str, *, metrics: PipelineMetrics, reports_url: str
) -> cloudwatch.Dashboard:
    """`reports_url`: where the runs' folders with their reports are."""
    return _dashboard(
        scope,
        "Pipeline",
        f"{name}-pipeline",
        _graph("Executions", {outcome: metrics.executions(outcome) for outcome in OUTCOMES}, COUNT),
        _graph(
            "Duration of an execution",
            {"average": metrics.duration("Average"), "p99": metrics.duration("p99")},
            MILLISECONDS,
        ),
        cloudwatch.GraphWidget(
            title="Errors of the functions", left=[metrics.function_errors()], left_y_axis=COUNT, width=HALF_WIDTH
        ),
        _graph("Throttled transitions", {"throttled": metrics.throttled()}, COUNT),
        _graph("Findings of the rules", {rule.name: metrics.findings_of(rule.name) for rule in RULES}, COUNT),
        cloudwatch.TextWidget(
            markdown=f"[Reports of every run]({reports_url}), by execution and model, explain each finding",
            width=HALF_WIDTH,
        ),
    )


def training_dashboard(scope: Construct, name: str) -> cloudwatch.Dashboard:
    """Graphs by search, because job names are known only at run time: training metrics per job, others per host."""
    printed = [name for name in training_metrics.NAMES if name.startswith(("train:", "validation:"))]
    return _dashboard(
        scope,
        "Training",
        f"{name}-training",
        *(_search(metric, "TrainingJobName", metric) for metric in printed),
        *(_search(f"{metric} by host", "Host", metric, PERCENT) for metric in HOST_METRICS),
    )


def endpoint_dashboard(scope: Construct, name: str, *, metrics: EndpointMetrics) -> cloudwatch.Dashboard:
    latencies = {
        "model p50": metrics.model_latency("p50"),
        "model p99": metrics.model_latency("p99"),
        "overhead p99": metrics.overhead_latency("p99"),
    }
    invocations = {"all": metrics.invocations(), "per instance": metrics.invocations_per_instance()}
    return _dashboard(
        scope,
        "Endpoint",
        f"{name}-endpoint",
        _graph("Invocations", invocations, COUNT),
        _graph("Errors", {family: metrics.errors(family) for family in ("4XX", "5XX")}, COUNT),
        _graph("Latency", latencies, MICROSECONDS),
        _graph("Utilization", {kind: metrics.utilization(kind) for kind in ("CPU", "Memory", "Disk")}, PERCENT),
    )


def model_cache_dashboard(scope: Construct, name: str, *, metrics: EndpointMetrics) -> cloudwatch.Dashboard:
    loaded = {statistic: metrics.loaded_models(statistic) for statistic in ("Average", "Maximum")}
    return _dashboard(
        scope,
        "ModelCache",
        f"{name}-model-cache",
        _graph("Requests whose model was in memory", {"hit ratio": metrics.cache_hit_ratio()}, RATIO),
        _graph("Models in memory", loaded, COUNT),
        _graph(
            "Load time of a model that was not", {part: metrics.model_time(part) for part in MODEL_TIMES}, MICROSECONDS
        ),
        _graph("Memory", {"fullest instance": metrics.utilization("Memory")}, PERCENT),
    )


def _dashboard(scope: Construct, id: str, name: str, *widgets: cloudwatch.IWidget) -> cloudwatch.Dashboard:
    rows = [list(widgets[index : index + 2]) for index in range(0, len(widgets), 2)]
    return cloudwatch.Dashboard(scope, id, dashboard_name=name, widgets=rows)


def _graph(title: str, lines: Lines, axis: cloudwatch.YAxisProps) -> cloudwatch.GraphWidget:
    labelled: list[cloudwatch.IMetric] = [metric.with_(label=label) for label, metric in lines.items()]
    return cloudwatch.GraphWidget(title=title, left=labelled, left_y_axis=axis, width=HALF_WIDTH)


def _search(
    title: str, dimension: str, metric: str, axis: cloudwatch.YAxisProps | None = None
) -> cloudwatch.GraphWidget:
    text = f"SEARCH('{{{JOBS},{dimension}}} MetricName=\"{metric}\"', 'Average', {MINUTE})"
    found = cloudwatch.MathExpression(expression=text, label="", period=Duration.seconds(MINUTE))
    return cloudwatch.GraphWidget(title=title, left=[found], left_y_axis=axis, width=HALF_WIDTH)
