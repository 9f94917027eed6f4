"""CloudWatch: metrics with percentiles and metric math, alarms that are evaluated, metrics from logs."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable

from localcloud.cloudwatch.alarms.actions import Actions
from localcloud.cloudwatch.alarms.evaluator import TICK_SECONDS, Evaluator
from localcloud.cloudwatch.alarms.history import AlarmHistory
from localcloud.cloudwatch.logs.keys import install as install_keys
from localcloud.cloudwatch.logs.metrics_from_logs import LogMetrics
from localcloud.cloudwatch.logs.moto_hooks import install_hooks as install_log_hooks
from localcloud.cloudwatch.metrics.api import put_metric_data
from localcloud.cloudwatch.metrics.requests import Datum
from localcloud.cloudwatch.metrics.store import MetricStore
from localcloud.cloudwatch.moto_hooks import alarm_records, install_hooks
from localcloud.context import Cloud

_EVALUATORS: dict[str, Evaluator] = {}  # by the cloud's URL
_STORES: dict[str, MetricStore] = {}


def install(cloud: Cloud) -> None:
    """Put metrics and alarms behind the CloudWatch API and start the evaluator."""
    store, history = MetricStore(), AlarmHistory()
    tick_seconds = float(os.environ.get("LOCALCLOUD_ALARM_TICK_SECONDS", TICK_SECONDS))
    evaluator = Evaluator(lambda: alarm_records(cloud), store, history, Actions(cloud, history), tick_seconds)
    restore = [install_hooks(store, history, evaluator), install_log_hooks()]
    if cloud.app is not None:
        cloud.app.add_handler(LogMetrics(cloud, store).handle)
        install_keys(cloud, cloud.app)
    _EVALUATORS[cloud.url], _STORES[cloud.url] = evaluator, store
    evaluator.start()

    def close() -> None:
        evaluator.stop()
        del _EVALUATORS[cloud.url], _STORES[cloud.url]
        for undo in restore:
            undo()

    cloud.on_stop(close)


def evaluate_now(cloud: Cloud, at: datetime.datetime | None = None) -> None:
    """Evaluate every alarm as of `at` (default: now) instead of waiting for the next tick."""
    _EVALUATORS[cloud.url].evaluate(at or datetime.datetime.now(datetime.UTC))


def publish(cloud: Cloud, namespace: str, data: Iterable[Datum]) -> None:
    """What a service itself puts, as callers may not: into AWS/ too. Dropped while the cloud stops."""
    if (store := _STORES.get(cloud.url)) is not None:
        put_metric_data(store, namespace, data)
