"""The Monitoring stack: dashboards, alarms and the budget."""

from __future__ import annotations

from constructs import Construct

from config import regions
from config.app import AppConfig
from imgcls.contract import keys
from stacks.base import PlatformStack
from stacks.constructs import dashboards, region_gaps
from stacks.constructs.audit_trail import audit_alarms
from stacks.constructs.budget import MonthlyBudget
from stacks.constructs.endpoint_metrics import EndpointMetrics
from stacks.constructs.health_alarms import endpoint_alarms, pipeline_alarms
from stacks.constructs.pipeline_metrics import PipelineMetrics
from stacks.constructs.store import Store


class MonitoringStack(PlatformStack):
    def __init__(
        self,
        scope: Construct,
        config: AppConfig,
        *,
        store: Store,
        pipeline: PipelineMetrics,
        endpoint: EndpointMetrics,
    ) -> None:
        super().__init__(scope, "Monitoring", config, purpose="dashboards, alarms and budget")
        topic = store.topic
        dashboards.pipeline_dashboard(
            self, config.prefix, metrics=pipeline, reports_url=store.artifacts.console_url(config.region, keys.RUNS)
        )
        dashboards.training_dashboard(self, config.prefix)
        dashboards.endpoint_dashboard(self, config.prefix, metrics=endpoint)
        dashboards.model_cache_dashboard(self, config.prefix, metrics=endpoint)
        pipeline_alarms(self, metrics=pipeline, topic=topic)
        audit_alarms(self, config, key_arn=store.key.key_arn, topic=topic)
        endpoint_alarms(self, config=config.monitoring, metrics=endpoint, topic=topic)
        if regions.has(region_gaps.BUDGET, config.region):
            MonthlyBudget(self, "Budget", limit_usd=config.monthly_budget_usd, topic=topic)
        else:
            fix = "nothing watches the monthly cost; make a budget by hand, which is the account's in whatever region"
            region_gaps.say(self, region_gaps.BUDGET, fix)
