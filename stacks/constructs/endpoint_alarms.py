"""Alarms of the endpoint: those that take a rollout back, and the one for an endpoint that nobody asks."""

from __future__ import annotations

import functools

from aws_cdk import CfnCondition
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.serving import RollbackAlarmConfig
from stacks.constructs.alarms import BELOW, SILENCE_IS_BAD, PlatformAlarm
from stacks.constructs.endpoint_metrics import MICROSECONDS_PER_MS, EndpointMetrics

DAY_SECONDS = 86400


def rollback_alarms(
    scope: Construct,
    *,
    config: RollbackAlarmConfig,
    metrics: EndpointMetrics,
    topic: sns.ITopic,
    condition: CfnCondition,
) -> list[PlatformAlarm]:
    """Two bad minutes of three take a rollout back, and are worth a message at any other time."""
    alarm = functools.partial(PlatformAlarm, scope, topic=topic, condition=condition, periods=3, datapoints=2)
    return [
        alarm(
            "ServerErrors",
            metric=metrics.error_ratio("5XX"),
            threshold=config.error_5xx_percent / 100,
            description=f"More than {config.error_5xx_percent:g} % of the invocations failed inside the endpoint",
        ),
        alarm(
            "ClientErrors",
            metric=metrics.error_ratio("4XX"),
            threshold=config.error_4xx_percent / 100,
            description=f"More than {config.error_4xx_percent:g} % of the invocations were refused",
        ),
        alarm(
            "Latency",
            metric=metrics.model_latency("p99"),
            threshold=config.p99_latency_ms * MICROSECONDS_PER_MS,
            description=f"One answer in a hundred takes longer than {config.p99_latency_ms:g} ms",
        ),
    ]


def idle_alarm(
    scope: Construct, *, metrics: EndpointMetrics, topic: sns.ITopic, condition: CfnCondition
) -> PlatformAlarm:
    """An endpoint costs the same whether it is asked or not."""
    return PlatformAlarm(
        scope,
        "Idle",
        metric=metrics.invocations(DAY_SECONDS),
        threshold=1,
        comparison=BELOW,
        silence=SILENCE_IS_BAD,
        topic=topic,
        condition=condition,
        description="Nobody asked the endpoint for a day: `kennel endpoint off` stops paying and keeps everything",
    )
