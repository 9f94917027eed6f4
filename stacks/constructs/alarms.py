"""An alarm that tells the platform's topic, and says what silence means."""

from __future__ import annotations

from typing import cast

from aws_cdk import CfnCondition
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

SILENCE_IS_GOOD = cloudwatch.TreatMissingData.NOT_BREACHING
"""No traffic and no runs emit no data; that is no fault."""
SILENCE_IS_BAD = cloudwatch.TreatMissingData.BREACHING
"""The alarm watches for something that should happen."""

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


class PlatformAlarm(cloudwatch.Alarm):
    """Goes off after `datapoints` of `periods` breaching periods. `threshold` is in the metric's own unit."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        metric: cloudwatch.Metric,
        threshold: float,
        topic: sns.ITopic,
        description: str,
        comparison: cloudwatch.ComparisonOperator = ABOVE,
        silence: cloudwatch.TreatMissingData = SILENCE_IS_GOOD,
        periods: int = 1,
        datapoints: int | None = None,
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
            treat_missing_data=silence,
            alarm_description=description,
        )
        alarm = cast(cloudwatch.CfnAlarm, self.node.default_child)
        alarm.alarm_actions = alarm.ok_actions = [topic.topic_arn]
        alarm.cfn_options.condition = condition
