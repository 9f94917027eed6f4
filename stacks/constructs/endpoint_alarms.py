"""Alarms of the endpoint: those that roll a deployment back, and the one for an endpoint without requests."""

from __future__ import annotations

import functools

from aws_cdk import CfnCondition
from constructs import Construct

from config.serving import RollbackAlarmConfig
from stacks.constructs.alarms import BELOW, MISSING_DATA_BAD, PlatformAlarm
from stacks.constructs.endpoint_metrics import MICROSECONDS_PER_MS, EndpointMetrics
from stacks.constructs.notifications import Notifications

DAY_SECONDS = 86400


def rollback_alarms(
    scope: Construct,
    *,
    config: RollbackAlarmConfig,
    metrics: EndpointMetrics,
    topic: Notifications,
    condition: CfnCondition,
) -> list[PlatformAlarm]:
    """Two bad minutes of three roll a deployment back; at other times they send a notification."""
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
            description=f"More than {config.error_4xx_percent:g} % of the invocations were rejected",
        ),
        alarm(
            "Latency",
            metric=metrics.model_latency("p99"),
            threshold=config.p99_latency_ms * MICROSECONDS_PER_MS,
            description=f"One in a hundred invocations takes longer than {config.p99_latency_ms:g} ms",
        ),
    ]


def idle_alarm(
    scope: Construct, *, metrics: EndpointMetrics, topic: Notifications, condition: CfnCondition
) -> PlatformAlarm:
    """An endpoint costs the same with and without requests. A new endpoint has no data for its first day."""
    return PlatformAlarm(
        scope,
        "Idle",
        metric=metrics.invocations(DAY_SECONDS),
        threshold=1,
        comparison=BELOW,
        missing_data=MISSING_DATA_BAD,
        warm_up_minutes=DAY_SECONDS // 60,
        topic=topic,
        condition=condition,
        description="No request for a day: `kennel endpoint off` stops the costs and keeps everything",
    )
