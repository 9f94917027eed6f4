"""A monthly budget for SageMaker in the account."""

from __future__ import annotations

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from stacks.constructs.notifications import Notifications

SERVICE = "Amazon SageMaker"
"""The filter is the service: a filter by tag reads 0 until the cost allocation tag is activated."""
ACTUAL_PERCENT = 80
FORECAST_PERCENT = 100


class MonthlyBudget(Construct):
    """Notifies `topic` when 80 % is spent, and when the forecast exceeds 100 %."""

    def __init__(self, scope: Construct, id: str, *, limit_usd: float, topic: Notifications) -> None:
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
