"""The Monitoring stack: dashboards, alarms and the budget."""

from __future__ import annotations

from constructs import Construct

from config.app import AppConfig
from stacks.base import PlatformStack
from stacks.constructs import dashboards
from stacks.constructs.budget import MonthlyBudget
from stacks.constructs.health_alarms import endpoint_alarms, pipeline_alarms
from stacks.serving import ServingStack
from stacks.storage import StorageStack
from stacks.training import TrainingStack


class MonitoringStack(PlatformStack):
    def __init__(
        self,
        scope: Construct,
        config: AppConfig,
        *,
        storage: StorageStack,
        training: TrainingStack,
        serving: ServingStack,
    ) -> None:
        super().__init__(scope, "Monitoring", config, purpose="dashboards, alarms and budget")
        prefix, topic = config.prefix, storage.topic
        dashboards.pipeline_dashboard(self, prefix, metrics=training.metrics, function_errors=training.function_errors)
        dashboards.training_dashboard(self, prefix)
        dashboards.endpoint_dashboard(self, prefix, metrics=serving.metrics)
        dashboards.model_cache_dashboard(self, prefix, metrics=serving.metrics)
        pipeline_alarms(self, metrics=training.metrics, undelivered=training.undelivered, topic=topic)
        endpoint_alarms(self, config=config.monitoring, metrics=serving.metrics, topic=topic)
        MonthlyBudget(self, "Budget", limit_usd=config.monitoring.monthly_budget_usd, topic=topic)
