"""What a run costs at worst: every job takes all the time that it may, on the dearest type that it may use.

Spot instances are counted at their full price: how much cheaper they will be, nobody knows beforehand.
A job that is tried again after an error of the service is not counted twice: its first try was short, or free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from imgcls.contract.run_plan import JobSize, ModelPlan, RunPlan
from lambdas.common.errors import Refused

SECONDS_PER_HOUR = 3600


def worst_case_usd(plan: RunPlan, usd_per_hour: Mapping[str, float]) -> float:
    """USD, rounded up to cents. Raises Refused for an instance type without a price."""
    cost = _preparation(plan.preparation, usd_per_hour) + sum(_model(model, usd_per_hour) for model in plan.models)
    return -(-cost * 100 // 1) / 100


def check_budget(worst_case: float, budget: float) -> None:
    """Raises Refused when the worst case is above the budget."""
    if worst_case > budget:
        raise Refused(
            f"the run may cost up to ${worst_case:.2f}, above the budget of ${budget:.2f}: train fewer models, "
            "shorten training.max_runtime_seconds or the search, or raise training.budget_usd_per_run"
        )


def _preparation(size: JobSize, usd_per_hour: Mapping[str, float]) -> float:
    """Several instances need one more that merges what they saw."""
    merging = _job(replace(size, instance_count=1), usd_per_hour) if size.instance_count > 1 else 0.0
    return _job(size, usd_per_hour) + merging


def _model(model: ModelPlan, usd_per_hour: Mapping[str, float]) -> float:
    evaluation = _job(model.evaluation, usd_per_hour)
    if model.trained is not None:
        return evaluation
    return _job(model.training, usd_per_hour) + _search(model, usd_per_hour) + evaluation


def _search(model: ModelPlan, usd_per_hour: Mapping[str, float]) -> float:
    """All the trials, or as many as run side by side until the search's own time is up."""
    if not model.tune:
        return 0.0
    tuning = model.tuning
    until_stopped = _hourly(model.trial, usd_per_hour) * tuning.max_runtime_seconds / SECONDS_PER_HOUR
    return min(tuning.max_jobs * _job(model.trial, usd_per_hour), tuning.max_parallel_jobs * until_stopped)


def _job(size: JobSize, usd_per_hour: Mapping[str, float]) -> float:
    return _hourly(size, usd_per_hour) * size.max_runtime_seconds / SECONDS_PER_HOUR


def _hourly(size: JobSize, usd_per_hour: Mapping[str, float]) -> float:
    types = (size.instance_type, *size.fallback_instance_types)
    unpriced = [name for name in types if name not in usd_per_hour]
    if unpriced:
        raise Refused(f"there is no price of {unpriced[0]}: add it to config/prices.py")
    return size.instance_count * max(usd_per_hour[name] for name in types)
