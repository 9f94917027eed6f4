"""Alarms for people: a failed run, an endpoint that becomes slow or full."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from config.platform import MonitoringConfig
from stacks.constructs.alarms import BELOW, PlatformAlarm
from stacks.constructs.endpoint_metrics import MICROSECONDS_PER_MS, EndpointMetrics
from stacks.constructs.notifications import Notifications
from stacks.constructs.pipeline_metrics import PipelineMetrics

FULL_PERCENT = 85
FIVE_MINUTES = 300


def pipeline_alarms(scope: Construct, *, metrics: PipelineMetrics, topic: Notifications) -> None:
    """A rejected model is an outcome, not a failure; slow hardware is on the dashboard and does not raise an alarm."""
    for outcome, what in (("Failed", "failed"), ("TimedOut", "ran out of time")):
        PlatformAlarm(
            scope,
            f"Executions{outcome}",
            metric=metrics.executions(outcome),
            threshold=0,
            topic=topic,
            description=f"An execution of the pipeline {what}: see `kennel pipeline list`",
        )
    PlatformAlarm(
        scope,
        "TransitionsThrottled",
        metric=metrics.throttled(),
        threshold=0,
        periods=3,
        topic=topic,
        description="Step Functions throttles the pipeline: lower max_concurrency or request a higher quota",
    )
    PlatformAlarm(
        scope,
        "TrainingFindings",
        metric=metrics.findings("learning"),
        threshold=0,
        topic=topic,
        description="A rule fired in a training job: see `kennel pipeline show` and the run's training report",
    )
    PlatformAlarm(
        scope,
        "StartsUndelivered",
        metric=metrics.undelivered,
        threshold=0,
        topic=topic,
        description="The schedule could not start the pipeline: its events are in the dead-letter queue",
    )


def endpoint_alarms(
    scope: Construct, *, config: MonitoringConfig, metrics: EndpointMetrics, topic: Notifications
) -> None:
    """Earlier warnings than the rollback alarms, about the causes."""
    slow = PlatformAlarm(
        scope,
        "EndpointSlow",
        metric=metrics.model_latency("p99", FIVE_MINUTES),
        threshold=config.p99_latency_ms * MICROSECONDS_PER_MS,
        periods=3,
        topic=topic,
        description=f"For 15 minutes one in a hundred invocations took longer than {config.p99_latency_ms:g} ms",
    )
    misses = PlatformAlarm(
        scope,
        "CacheMisses",
        metric=metrics.cache_hit_ratio(FIVE_MINUTES),
        threshold=config.min_cache_hit_ratio,
        comparison=BELOW,
        periods=3,
        topic=topic,
        description=f"Less than {config.min_cache_hit_ratio:.0%} of the requests found their model in memory",
    )
    for resource in ("Memory", "Disk"):
        PlatformAlarm(
            scope,
            f"{resource}Full",
            metric=metrics.utilization(resource, FIVE_MINUTES),
            threshold=FULL_PERCENT,
            periods=3,
            topic=topic,
            description=f"{resource} of an endpoint instance is more than {FULL_PERCENT} % full",
        )
    cloudwatch.CfnCompositeAlarm(
        scope,
        "ModelsDoNotFit",
        alarm_rule=f'ALARM("{slow.alarm_name}") AND ALARM("{misses.alarm_name}")',
        alarm_actions=[topic.topic_arn],
        alarm_description="Slow because models are loaded repeatedly: use a larger instance type or more instances",
    )
