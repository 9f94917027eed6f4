"""What an alarm does when its state changes: it publishes to its SNS topics."""

from __future__ import annotations

import json
import logging

from botocore.exceptions import ClientError
from moto.cloudwatch.models import Alarm

from localcloud.cloudwatch.alarms.history import AlarmHistory
from localcloud.context import Cloud

log = logging.getLogger(__name__)

_FIELDS = {"OK": "ok_actions", "ALARM": "alarm_actions", "INSUFFICIENT_DATA": "insufficient_data_actions"}
_MAX_SUBJECT = 100


class Actions:
    """Performs the actions of a state change."""

    def __init__(self, cloud: Cloud, history: AlarmHistory) -> None:
        self._cloud = cloud
        self._history = history

    def perform(self, record: Alarm, old_state: str) -> None:
        """Publish to the topics of the new state; an action that is not an SNS topic is recorded as not performed."""
        if not record.actions_enabled:
            return
        for action in getattr(record, _FIELDS[record.state_value]) or []:
            problem = self._publish(action, record, old_state)
            kind = "CompositeAlarm" if record.rule else "MetricAlarm"
            done = (
                f"Failed to execute action {action}: {problem}" if problem else f"Successfully executed action {action}"
            )
            state = "Failed" if problem else "Succeeded"
            self._history.add(record.name, kind, "Action", done, {"actionState": state, "resource": action})

    def _publish(self, topic: str, record: Alarm, old_state: str) -> str | None:
        if ":sns:" not in topic:
            return "localcloud performs SNS actions only"
        subject = f'{record.state_value}: "{record.name}" in {self._cloud.region}'[:_MAX_SUBJECT]
        message = json.dumps(self._message(record, old_state))
        try:
            self._cloud.client("sns").publish(TopicArn=topic, Subject=subject, Message=message)
        except ClientError as error:
            log.warning("alarm %s: %s", record.name, error)
            return str(error)
        return None

    def _message(self, record: Alarm, old_state: str) -> dict[str, object]:
        changed = record.state_updated_timestamp.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
        message = {
            "AlarmName": record.name,
            "AlarmDescription": record.description,
            "AWSAccountId": self._cloud.account_id,
            "NewStateValue": record.state_value,
            "NewStateReason": record.state_reason,
            "StateChangeTime": changed,
            "Region": self._cloud.region,
            "AlarmArn": record.alarm_arn,
            "OldStateValue": old_state,
            "OKActions": list(record.ok_actions or []),
            "AlarmActions": list(record.alarm_actions or []),
            "InsufficientDataActions": list(record.insufficient_data_actions or []),
        }
        if record.rule:
            return {**message, "AlarmRule": record.rule}
        return {**message, "Trigger": _trigger(record)}


def _trigger(record: Alarm) -> dict[str, object]:
    return {
        "MetricName": record.metric_name,
        "Namespace": record.namespace,
        "StatisticType": "Statistic" if record.statistic else "ExtendedStatistic",
        "Statistic": (record.statistic or record.extended_statistic or "").upper(),
        "Dimensions": [{"value": each.value, "name": each.name} for each in record.dimensions],
        "Period": record.period,
        "EvaluationPeriods": record.evaluation_periods,
        "DatapointsToAlarm": record.datapoints_to_alarm or record.evaluation_periods,
        "ComparisonOperator": record.comparison_operator,
        "Threshold": record.threshold,
        "TreatMissingData": record.treat_missing_data or "missing",
    }
