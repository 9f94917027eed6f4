"""A monthly budget on what SageMaker costs in the account."""

from __future__ import annotations

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

SERVICE = "Amazon SageMaker"
"""Filtered by service: a filter by tag reads 0 until somebody activates the cost tag."""
ACTUAL_PERCENT = 80
FORECAST_PERCENT = 100


class MonthlyBudget(Construct):
    """Tells `topic` at 80 % of the money spent, and when the forecast passes all of it."""

    def __init__(self, scope: Construct, id: str, *, limit_usd: float, topic: sns.ITopic) -> None:
        super().__init__(scope, id)
        subscribers = [{"subscriptionType": "SNS", "address": topic.topic_arn}]
        budgets.CfnBudget(
            self,
            "Budget",
            budget={
                "budgetType": "COST",
                "timeUnit": "MONTHLY",
                "budgetLimit": {"amount": limit_usd, "unit": "USD"},
                "costFilters": {"Service": [SERVICE]},
            },
            notifications_with_subscribers=[
                {
                    "notification": {
                        "notificationType": kind,
                        "comparisonOperator": "GREATER_THAN",
                        "threshold": percent,
                        "thresholdType": "PERCENTAGE",
                    },
                    "subscribers": subscribers,
                }
                for kind, percent in (("ACTUAL", ACTUAL_PERCENT), ("FORECASTED", FORECAST_PERCENT))
            ],
        )
