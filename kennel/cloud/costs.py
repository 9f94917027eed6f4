"""What a run and the endpoint cost, from the configuration alone: no cloud is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.app import AppConfig
from config.prices import HOURS_PER_MONTH, MEMORY_REGION
from kennel.errors import KennelError
from lambdas.common.errors import Refused
from lambdas.plan_run import price, request
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.plan import Published, draft
from pipeline.specs import run_specs

_NOWHERE = Environment("", "", MEMORY_REGION, "", check_quotas=False)


@dataclass(frozen=True)
class RunCost:
    """The most that a run can cost, in USD, and the budget above which it is refused."""

    items: tuple[price.Item, ...]
    usd: float
    budget_usd: float
    spot: bool


@dataclass(frozen=True)
class EndpointCost:
    """The instances of the endpoint while it is on: at least, and at most when it has scaled out. In USD."""

    instance_type: str
    min_instances: int
    max_instances: int
    usd_per_hour: float
    """Of one instance."""

    def per_hour(self, instances: int) -> float:
        return instances * self.usd_per_hour

    def per_month(self, instances: int) -> float:
        return self.per_hour(instances) * HOURS_PER_MONTH


def of_run(config: AppConfig, document: Mapping[str, Any]) -> RunCost:
    """Of an execution with this input, as PlanRun prices it. Raises KennelError for one that it would refuse."""
    specs = run_specs(config)
    try:
        plan = draft(request.parse(dict(document), "estimate", specs), specs, Published(), _NOWHERE).plan
        items = tuple(price.items(plan, specs["usd_per_hour"]))
        usd = price.worst_case_usd(plan, specs["usd_per_hour"])
    except Refused as error:
        raise KennelError(str(error)) from None
    return RunCost(items, usd, specs["budget_usd"], plan.spot)


def of_endpoint(config: AppConfig) -> EndpointCost:
    endpoint = config.endpoint
    per_hour = config.prices.per_hour(endpoint.instance_type)
    return EndpointCost(endpoint.instance_type, endpoint.min_instances, endpoint.max_instances, per_hour)
