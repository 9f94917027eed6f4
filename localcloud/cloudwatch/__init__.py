"""CloudWatch: metrics with percentiles and metric math, alarms that are evaluated, metrics from logs."""

from __future__ import annotations

import datetime
import os

from localcloud.cloudwatch.alarms.actions import Actions
from localcloud.cloudwatch.alarms.evaluator import TICK_SECONDS, Evaluator
from localcloud.cloudwatch.alarms.history import AlarmHistory
from localcloud.cloudwatch.logs.keys import install as install_keys
from localcloud.cloudwatch.logs.metrics_from_logs import LogMetrics
from localcloud.cloudwatch.logs.moto_hooks import install_hooks as install_log_hooks
from localcloud.cloudwatch.metrics.store import MetricStore
from localcloud.cloudwatch.moto_hooks import alarm_records, install_hooks
from localcloud.context import Cloud

_EVALUATORS: dict[str, Evaluator] = {}  # by the cloud's URL


def install(cloud: Cloud) -> None:
    """Put metrics and alarms behind the CloudWatch API and start the evaluator."""
    store, history = MetricStore(), AlarmHistory()
    tick_seconds = float(os.environ.get("LOCALCLOUD_ALARM_TICK_SECONDS", TICK_SECONDS))
    evaluator = Evaluator(lambda: alarm_records(cloud), store, history, Actions(cloud, history), tick_seconds)
    restore = [install_hooks(store, history, evaluator), install_log_hooks()]
    if cloud.app is not None:
        cloud.app.add_handler(LogMetrics(cloud, store).handle)
        install_keys(cloud, cloud.app)
    _EVALUATORS[cloud.url] = evaluator
    evaluator.start()

    def close() -> None:
        evaluator.stop()
        del _EVALUATORS[cloud.url]
        for undo in restore:
            undo()

    cloud.on_stop(close)


def evaluate_now(cloud: Cloud, at: datetime.datetime | None = None) -> None:
    """Evaluate every alarm as of `at` (default: now) instead of waiting for the next tick."""
    _EVALUATORS[cloud.url].evaluate(at or datetime.datetime.now(datetime.UTC))
