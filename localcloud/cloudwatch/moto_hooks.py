"""Replacements in moto's CloudWatch: it keeps the records of alarms; statistics and states are computed here."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

from moto.cloudwatch.exceptions import ResourceNotFound, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
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
from localcloud.replacement import replaced

Response = CloudWatchResponse
Operation = Callable[[Response], ActionResult]


class DescribeAlarms(TypedDict, total=False):
    AlarmNames: list[str]
    AlarmNamePrefix: str
    AlarmTypes: list[str]
    StateValue: str
    ActionPrefix: str


def alarm_records(cloud: Cloud) -> Sequence[Alarm]:
    """moto's records of the cloud's alarms."""
    return list(cloudwatch_backends[cloud.account_id][cloud.region].alarms.values())


def install_hooks(store: MetricStore, history: AlarmHistory, evaluator: Evaluator) -> Callable[[], None]:
    """Put the store and the evaluator behind moto's API; returns a function that undoes it."""
    with contextlib.ExitStack() as hooks:
        for name, operation in {**_metric_operations(store), "describe_alarms": _describe_alarms}.items():
            hooks.enter_context(replaced(Response, name, operation))
        # moto keeps and describes alarm rules; it lacks only the operation.
        hooks.enter_context(_added(Response, "put_composite_alarm", Response.put_metric_alarm))
        hooks.enter_context(replaced(Response, "put_metric_alarm", _put_with_warm_up(Response.put_metric_alarm)))
        hooks.enter_context(_added(Response, "describe_alarm_history", _describe_alarm_history(history)))
        put = _checked_put(CloudWatchBackend.put_metric_alarm, history)
        hooks.enter_context(replaced(CloudWatchBackend, "put_metric_alarm", put))
        hooks.enter_context(replaced(CloudWatchBackend, "set_alarm_state", _set_alarm_state(evaluator)))
        return hooks.pop_all().close


@contextlib.contextmanager
def _added(owner: type, name: str, value: object) -> Iterator[None]:
    """`owner.name` is `value` for a while; before and afterwards `owner` has no such name."""
    setattr(owner, name, value)
    try:
        yield
    finally:
        delattr(owner, name)


def _asked(response: Response) -> Any:
    """The request's parameters; their shape is the operation's own."""
    return response._get_params()


def _metric_operations(store: MetricStore) -> dict[str, Operation]:
    def put_metric_data(response: Response) -> ActionResult:
        data = response._get_param("MetricData", [])
        for number, datum in enumerate(data, 1):
            response.cloudwatch_backend._validate_parameters_put_metric_data(datum, number)
        api.put_metric_data(store, response._get_param("Namespace"), data)
        return EmptyResult()

    def answered(function: Callable[[MetricStore, Any], Mapping[str, object]]) -> Operation:
        def operation(response: Response) -> ActionResult:
            try:
                return ActionResult(function(store, _asked(response)))
            except ValueError as error:
                raise ValidationError(str(error)) from error

        return operation

    return {
        "put_metric_data": put_metric_data,
        "get_metric_statistics": answered(api.get_metric_statistics),
        "get_metric_data": answered(api.get_metric_data),
        "list_metrics": answered(api.list_metrics),
    }


def _describe_alarms(response: Response) -> ActionResult:
    asked: DescribeAlarms = _asked(response)
    kinds = asked.get("AlarmTypes") or ["MetricAlarm"]
    kept = [alarm for alarm in response.cloudwatch_backend.alarms.values() if _asked_for(alarm, asked)]
    kept.sort(key=lambda alarm: alarm.name)
    return ActionResult(
        {
            "MetricAlarms": [each for each in kept if each.rule is None and "MetricAlarm" in kinds],
            "CompositeAlarms": [each for each in kept if each.rule and "CompositeAlarm" in kinds],
        }
    )


def _describe_alarm_history(history: AlarmHistory) -> Operation:
    return lambda response: ActionResult({"AlarmHistoryItems": history.find(_asked(response))})


def _asked_for(alarm: Alarm, asked: DescribeAlarms) -> bool:
    actions = [*(alarm.alarm_actions or []), *(alarm.ok_actions or []), *(alarm.insufficient_data_actions or [])]
    prefix = asked.get("ActionPrefix")
    return (
        (not asked.get("AlarmNames") or alarm.name in asked["AlarmNames"])
        and alarm.name.startswith(asked.get("AlarmNamePrefix") or "")
        and asked.get("StateValue") in (None, alarm.state_value)
        and (prefix is None or any(action.startswith(prefix) for action in actions))
    )


def _checked_put(original: Callable[..., Alarm], history: AlarmHistory) -> Callable[..., Alarm]:
    """PutMetricAlarm and PutCompositeAlarm: refuse what cannot be evaluated, keep the state of an existing alarm."""

    def put_metric_alarm(backend: CloudWatchBackend, *arguments: object, **options: object) -> Alarm:
        existing = backend.alarms.get(str(options["name"]))
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


def _put_with_warm_up(original: Operation) -> Operation:
    """PutMetricAlarm: keep the warm-up, which moto does not know. It counts from the first put that has one."""

    def put_metric_alarm(response: Response) -> ActionResult:
        asked = _asked(response)
        warm_up = asked.get("WarmUpConfiguration")
        if warm_up and str(warm_up.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds")).lower() != "true":
            raise ValidationError(
                "localcloud does not emulate a warm-up that ends early: set OnlyStartEvaluatingAfterWarmUpPeriodEnds"
            )
        alarms = response.cloudwatch_backend.alarms
        since = getattr(alarms.get(asked["AlarmName"]), "warm_up_since", None)
        answer = original(response)
        record: Any = alarms[asked["AlarmName"]]
        if warm_up:
            record.warm_up_configuration = warm_up
            record.warm_up_since = since or datetime.datetime.now(datetime.UTC)
        return answer

    return put_metric_alarm


def _check(record: Alarm) -> None:
    """ValueError for an alarm that this cloud cannot evaluate."""
    if record.rule is not None:
        composite_rule.parse(record.rule)
        return
    if record.threshold_metric_id or record.comparison_operator not in COMPARISONS:
        raise ValueError("localcloud does not evaluate anomaly detection alarms: give a Threshold")
    alarm = MetricAlarm.of(record)
    queries.check_queries(alarm.queries)
    for query in alarm.queries:
        stat = query["MetricStat"]["Stat"] if "MetricStat" in query else "Sum"
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
