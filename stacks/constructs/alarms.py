"""An alarm that notifies the platform's topic and states how missing data is treated."""

from __future__ import annotations

from typing import cast

from aws_cdk import CfnCondition
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.notifications import Notifications

MISSING_DATA_OK = cloudwatch.TreatMissingData.NOT_BREACHING
"""Without traffic or runs there is no data, which is not a fault."""
MISSING_DATA_BAD = cloudwatch.TreatMissingData.BREACHING
"""For an alarm on the absence of something that should happen."""

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


class PlatformAlarm(cloudwatch.Alarm):
    """Goes into alarm when `datapoints` of `periods` periods breach. `threshold` is in the unit of the metric.

    `warm_up_minutes`: after it is made, before it is evaluated for the first time; at most two days.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        metric: cloudwatch.Metric,
        threshold: float,
        topic: Notifications,
        description: str,
        comparison: cloudwatch.ComparisonOperator = ABOVE,
        missing_data: cloudwatch.TreatMissingData = MISSING_DATA_OK,
        periods: int = 1,
        datapoints: int | None = None,
        warm_up_minutes: int | None = None,
        condition: CfnCondition | None = None,
    ) -> None:
        super().__init__(
            scope,
            id,
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=periods,
            datapoints_to_alarm=datapoints or periods,
            treat_missing_data=missing_data,
            alarm_description=description,
        )
        alarm = cast(cloudwatch.CfnAlarm, self.node.default_child)
        alarm.alarm_actions = alarm.ok_actions = [topic.topic_arn]
        alarm.cfn_options.condition = condition
        if warm_up_minutes is not None:
            alarm.warm_up_configuration = cloudwatch.CfnAlarm.WarmUpConfigurationProperty(
                warm_up_period_duration_in_minutes=warm_up_minutes,
                only_start_evaluating_after_warm_up_period_ends=True,
            )
