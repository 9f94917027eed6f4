"""Evaluates all alarms every few seconds, or on request."""

from __future__ import annotations

import datetime
import json
import logging
import threading
from collections.abc import Callable, Sequence

from moto.cloudwatch.models import Alarm

from localcloud.cloudwatch.alarms import composite_rule
from localcloud.cloudwatch.alarms.actions import Actions
from localcloud.cloudwatch.alarms.decision import INSUFFICIENT_DATA, Decision
from localcloud.cloudwatch.alarms.history import AlarmHistory
from localcloud.cloudwatch.alarms.metric_alarm import MetricAlarm
from localcloud.cloudwatch.metrics.math_functions import ExpressionError
from localcloud.cloudwatch.metrics.store import MetricStore

log = logging.getLogger(__name__)

TICK_SECONDS = 5.0


class Evaluator:
    """records: returns moto's records of the alarms."""

    def __init__(
        self,
        records: Callable[[], Sequence[Alarm]],
        store: MetricStore,
        history: AlarmHistory,
        actions: Actions,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._records = records
        self._store = store
        self._history = history
        self._actions = actions
        self._tick_seconds = tick_seconds
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarm-evaluator", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def evaluate(self, at: datetime.datetime) -> None:
        """Set the state of every alarm as of `at`."""
        with self._lock:
            records = list(self._records())
            for record in records:
                if record.rule is None and not _warms_up(record, at):
                    self._evaluate_metric_alarm(record, at)
            self._evaluate_composite_alarms(records)

    def transition(self, record: Alarm, state: str, reason: str, reason_data: str = "{}") -> None:
        """Set an alarm's state; a new one is recorded in the history and triggers the alarm's actions."""
        old = record.state_value
        record.update_state(reason, reason_data, state)
        if old == state:
            return
        kind = "CompositeAlarm" if record.rule else "MetricAlarm"
        data = {
            "oldState": {"stateValue": old},
            "newState": {"stateValue": state, "stateReason": reason, "stateReasonData": json.loads(reason_data)},
        }
        self._history.add(record.name, kind, "StateUpdate", f"Alarm updated from {old} to {state}", data)
        self._actions.perform(record, old)

    def _evaluate_metric_alarm(self, record: Alarm, at: datetime.datetime) -> None:
        try:
            alarm = MetricAlarm.of(record)
            decision = alarm.evaluate(self._store, at)
        except ExpressionError as error:
            decision = Decision(INSUFFICIENT_DATA, f"The alarm cannot be evaluated: {error}")
            alarm = None
        if decision.state is None or decision.state == record.state_value:
            return
        data = {} if alarm is None else _reason_data(alarm, decision, at)
        self.transition(record, decision.state, decision.reason, json.dumps(data))

    def _evaluate_composite_alarms(self, records: Sequence[Alarm]) -> None:
        composites = [(record, record.rule) for record in records if record.rule is not None]
        by_name = {record.name: record for record in records}

        def state_of(name: str) -> str:
            return by_name[name].state_value if name in by_name else INSUFFICIENT_DATA

        for _ in composites:  # composites may refer to composites: at most one round per level
            changed = False
            for record, rule in composites:
                state = "ALARM" if composite_rule.parse(rule)(state_of) else "OK"
                if state != record.state_value:
                    changed = True
                    self.transition(record, state, f"{record.alarm_arn} changed to {state} by its rule {rule}")
            if not changed:
                return

    def _run(self) -> None:
        while not self._stop.wait(self._tick_seconds):
            try:
                self.evaluate(datetime.datetime.now(datetime.UTC))
            except Exception:  # one failure must not end the evaluation of all alarms
                log.exception("evaluating the alarms failed")


def _warms_up(record: Alarm, at: datetime.datetime) -> bool:
    warm_up = getattr(record, "warm_up_configuration", None)
    if warm_up is None:
        return False
    minutes = int(warm_up["WarmUpPeriodDurationInMinutes"])
    return bool(at < record.warm_up_since + datetime.timedelta(minutes=minutes))  # type: ignore[attr-defined]


def _reason_data(alarm: MetricAlarm, decision: Decision, at: datetime.datetime) -> dict[str, object]:
    return {
        "version": "1.0",
        "queryDate": at.isoformat(),
        "period": int(alarm.period),
        "recentDatapoints": list(reversed(decision.used)),
        "threshold": alarm.condition.threshold,
    }
