"""Alarms that ask for a person: a run that failed, an endpoint that gets slow or full."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.platform import MonitoringConfig
from stacks.constructs.alarms import BELOW, PlatformAlarm
from stacks.constructs.endpoint_metrics import MICROSECONDS_PER_MS, EndpointMetrics
from stacks.constructs.pipeline_metrics import PipelineMetrics

FULL_PERCENT = 85
FIVE_MINUTES = 300


def pipeline_alarms(scope: Construct, *, metrics: PipelineMetrics, topic: sns.ITopic) -> None:
    """A refused model is an outcome and no failure; a slow machine is on the dashboard and wakes nobody."""
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
        description="Step Functions holds the pipeline back: lower max_concurrency or ask for a higher quota",
    )
    PlatformAlarm(
        scope,
        "TrainingFindings",
        metric=metrics.findings("learning"),
        threshold=0,
        topic=topic,
        description="A rule fired in a training: see `kennel pipeline show` and the run's training report",
    )
    PlatformAlarm(
        scope,
        "StartsUndelivered",
        metric=metrics.undelivered,
        threshold=0,
        topic=topic,
        description="The schedule could not start the pipeline: its events lie in the dead-letter queue",
    )


def endpoint_alarms(scope: Construct, *, config: MonitoringConfig, metrics: EndpointMetrics, topic: sns.ITopic) -> None:
    """Earlier than the rollback alarms, and about their causes."""
    slow = PlatformAlarm(
        scope,
        "EndpointSlow",
        metric=metrics.model_latency("p99", FIVE_MINUTES),
        threshold=config.p99_latency_ms * MICROSECONDS_PER_MS,
        periods=3,
        topic=topic,
        description=f"For a quarter of an hour one answer in a hundred took longer than {config.p99_latency_ms:g} ms",
    )
    misses = PlatformAlarm(
        scope,
        "CacheMisses",
        metric=metrics.cache_hit_ratio(FIVE_MINUTES),
        threshold=config.min_cache_hit_ratio,
        comparison=BELOW,
        periods=3,
        topic=topic,
        description=f"Under {config.min_cache_hit_ratio:.0%} of the requests found their model in memory",
    )
    for resource in ("Memory", "Disk"):
        PlatformAlarm(
            scope,
            f"{resource}Full",
            metric=metrics.utilization(resource, FIVE_MINUTES),
            threshold=FULL_PERCENT,
            periods=3,
            topic=topic,
            description=f"{resource} of an instance of the endpoint is more than {FULL_PERCENT} % full",
        )
    cloudwatch.CfnCompositeAlarm(
        scope,
        "ModelsDoNotFit",
        alarm_rule=f'ALARM("{slow.alarm_name}") AND ALARM("{misses.alarm_name}")',
        alarm_actions=[topic.topic_arn],
        alarm_description="Slow because models are loaded over and over: take a larger instance type or more of them",
    )
