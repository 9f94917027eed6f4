"""The only place that knows moto's CloudWatch: its records of alarms stay, what it computes wrongly is replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from moto.cloudwatch.exceptions import ResourceNotFound, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from localcloud.cloudwatch.alarms import composite_rule
from localcloud.cloudwatch.alarms.decision import COMPARISONS, INSUFFICIENT_DATA
from localcloud.cloudwatch.alarms.evaluator import Evaluator
from localcloud.cloudwatch.alarms.history import AlarmHistory
from localcloud.cloudwatch.alarms.metric_alarm import MetricAlarm
from localcloud.cloudwatch.metrics import api, queries
from localcloud.cloudwatch.metrics.store import MetricStore, percentile
from localcloud.context import Cloud

Response = CloudWatchResponse


def alarm_records(cloud: Cloud) -> Sequence[Any]:
    """moto's records of the cloud's alarms."""
    return list(cloudwatch_backends[cloud.account_id][cloud.region].alarms.values())


def install_hooks(store: MetricStore, history: AlarmHistory, evaluator: Evaluator) -> Callable[[], None]:
    """Put the store and the evaluator behind moto's API; returns what undoes it."""
    undo = [
        _replace(Response, name, function)
        for name, function in {**_metric_operations(store), **_alarm_operations(history)}.items()
    ]
    undo += [
        _replace(CloudWatchBackend, "put_metric_alarm", _checked_put(CloudWatchBackend.put_metric_alarm, history)),
        _replace(CloudWatchBackend, "set_alarm_state", _set_alarm_state(evaluator)),
    ]

    def restore() -> None:
        for function in reversed(undo):
            function()

    return restore


def _replace(owner: type, name: str, function: Callable[..., Any]) -> Callable[[], None]:
    before = owner.__dict__.get(name)
    setattr(owner, name, function)
    return lambda: setattr(owner, name, before) if before is not None else delattr(owner, name)


def _metric_operations(store: MetricStore) -> dict[str, Callable[[Response], Any]]:
    def put_metric_data(response: Response) -> Any:
        data = response._get_param("MetricData", [])
        for number, datum in enumerate(data, 1):
            response.cloudwatch_backend._validate_parameters_put_metric_data(datum, number)
        api.put_metric_data(store, response._get_param("Namespace"), data)
        return EmptyResult()

    def answered(function: Callable[[MetricStore, Any], dict[str, Any]]) -> Callable[[Response], Any]:
        def operation(response: Response) -> Any:
            try:
                return ActionResult(function(store, response._get_params()))
            except ValueError as error:
                raise ValidationError(str(error)) from error

        return operation

    return {
        "put_metric_data": put_metric_data,
        "get_metric_statistics": answered(api.get_metric_statistics),
        "get_metric_data": answered(api.get_metric_data),
        "list_metrics": answered(api.list_metrics),
    }


def _alarm_operations(history: AlarmHistory) -> dict[str, Callable[[Response], Any]]:
    def describe_alarms(response: Response) -> Any:
        asked = response._get_params()
        kinds = asked.get("AlarmTypes") or ["MetricAlarm"]
        kept = [alarm for alarm in response.cloudwatch_backend.alarms.values() if _asked_for(alarm, asked)]
        kept.sort(key=lambda alarm: alarm.name)
        return ActionResult(
            {
                "MetricAlarms": [each for each in kept if each.rule is None and "MetricAlarm" in kinds],
                "CompositeAlarms": [each for each in kept if each.rule and "CompositeAlarm" in kinds],
            }
        )

    def describe_alarm_history(response: Response) -> Any:
        return ActionResult({"AlarmHistoryItems": history.find(response._get_params())})

    return {
        # moto keeps and describes alarm rules; only the operation is missing.
        "put_composite_alarm": Response.put_metric_alarm,
        "describe_alarms": describe_alarms,
        "describe_alarm_history": describe_alarm_history,
    }


def _asked_for(alarm: Any, asked: dict[str, Any]) -> bool:
    actions = [*(alarm.alarm_actions or []), *(alarm.ok_actions or []), *(alarm.insufficient_data_actions or [])]
    prefix = asked.get("ActionPrefix")
    return (
        (not asked.get("AlarmNames") or alarm.name in asked["AlarmNames"])
        and alarm.name.startswith(asked.get("AlarmNamePrefix") or "")
        and asked.get("StateValue") in (None, alarm.state_value)
        and (prefix is None or any(action.startswith(prefix) for action in actions))
    )


def _checked_put(original: Callable[..., Any], history: AlarmHistory) -> Callable[..., Any]:
    """PutMetricAlarm and PutCompositeAlarm: refuse what can not be evaluated, keep the state of an existing alarm."""

    def put_metric_alarm(backend: CloudWatchBackend, *arguments: Any, **options: Any) -> Any:
        existing = backend.alarms.get(options["name"])
        record = original(backend, *arguments, **options)
        try:
            _check(record)
        except ValueError as error:
            del backend.alarms[record.name]
            if existing is not None:
                backend.alarms[record.name] = existing
            raise ValidationError(str(error)) from error
        if existing is None:
            record.state_value = INSUFFICIENT_DATA
        else:
            for field in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp"):
                setattr(record, field, getattr(existing, field))
        kind = "CompositeAlarm" if record.rule else "MetricAlarm"
        change = "updated" if existing else "created"
        data = {"type": "Update" if existing else "Create"}
        history.add(record.name, kind, "ConfigurationUpdate", f'Alarm "{record.name}" {change}', data)
        return record

    return put_metric_alarm


def _check(record: Any) -> None:
    """ValueError for an alarm that this cloud can not evaluate."""
    if record.rule is not None:
        composite_rule.parse(record.rule)
        return
    if record.threshold_metric_id or record.comparison_operator not in COMPARISONS:
        raise ValueError("localcloud does not evaluate anomaly detection alarms: give a Threshold")
    alarm = MetricAlarm.of(record)
    queries.check_queries(alarm.queries)
    for query in alarm.queries:
        stat = query["MetricStat"]["Stat"] if query.get("MetricStat") else "Sum"
        if stat not in ("Sum", "Average", "Minimum", "Maximum", "SampleCount"):
            percentile(stat)


def _set_alarm_state(evaluator: Evaluator) -> Callable[..., None]:
    def set_alarm_state(
        backend: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str | None, state_value: str
    ) -> None:
        if alarm_name not in backend.alarms:
            raise ResourceNotFound
        evaluator.transition(backend.alarms[alarm_name], state_value, reason, reason_data or "{}")

    return set_alarm_state
