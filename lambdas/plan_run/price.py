"""The worst-case cost of a run: every job takes its maximum time, on the most expensive instance type it may use.

Spot instances are counted at their full price, as their discount is not known beforehand. A job that is tried again
after an error of the service is not counted twice: its first attempt was short, or free of charge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from imgcls.contract.run_plan import JobSize, ModelPlan, RunPlan
from lambdas.common.errors import Refused

SECONDS_PER_HOUR = 3600
STOP_SECONDS = 120
"""What a training job that is stopped has left to save its model."""


@dataclass(frozen=True)
class Item:
    """One line of the bill: `hours` of `instances` of `instance_type`, the most expensive that the job may use.

    `model` is empty for jobs that all models share. The hours of a search are those of all its trials.
    """

    work: str
    model: str
    instance_type: str
    instances: int
    hours: float
    usd: float


def worst_case_usd(plan: RunPlan, usd_per_hour: Mapping[str, float]) -> float:
    """USD, rounded up to cents. Raises Refused for an instance type without a price."""
    return in_cents(sum(item.usd for item in items(plan, usd_per_hour)))


def in_cents(usd: float) -> float:
    """USD rounded up to cents, without the rounding error of floating-point sums."""
    return math.ceil(round(usd * 100, 6)) / 100


def items(plan: RunPlan, usd_per_hour: Mapping[str, float]) -> Iterator[Item]:
    """The items of `worst_case_usd`. Raises Refused for an instance type without a price."""
    yield _item("preparation", "", plan.preparation, plan.preparation.max_runtime_seconds, usd_per_hour)
    if plan.preparation.instance_count > 1:
        merging = replace(plan.preparation, instance_count=1)
        yield _item("merging", "", merging, merging.max_runtime_seconds, usd_per_hour)
    for model in plan.models:
        if model.trained is None:
            if model.tune:
                yield _item("search", model.name, model.trial, _search_seconds(model), usd_per_hour)
            yield _item("training", model.name, model.training, model.training.max_runtime_seconds, usd_per_hour)
        yield _item("evaluation", model.name, model.evaluation, model.evaluation.max_runtime_seconds, usd_per_hour)


def check_budget(worst_case: float, budget: float) -> None:
    """Raises Refused if the worst case is above the budget."""
    if worst_case > budget:
        raise Refused(
            f"the run may cost up to ${worst_case:.2f}, above the budget of ${budget:.2f}: train fewer models, "
            "shorten training.max_runtime_seconds or the search, or raise pipeline.budget_usd_per_run"
        )


def _search_seconds(model: ModelPlan) -> int:
    """The time of all trials, at most that of the parallel trials until the search's time limit stops them.

    Every search carries its limit as the job's MaxRuntimeInSeconds, so it ends there even if its execution is gone.
    """
    tuning = model.tuning
    limited = tuning.max_parallel_jobs * (tuning.max_runtime_seconds + STOP_SECONDS)
    return min(tuning.max_jobs * model.trial.max_runtime_seconds, limited)


def _item(work: str, model: str, size: JobSize, seconds: int, usd_per_hour: Mapping[str, float]) -> Item:
    types = (size.instance_type, *size.fallback_instance_types)
    unpriced = [name for name in types if name not in usd_per_hour]
    if unpriced:
        raise Refused(f"the price of {unpriced[0]} is not known: run `kennel cost --refresh` and deploy again")
    most_expensive = max(types, key=lambda name: usd_per_hour[name])
    hours = seconds / SECONDS_PER_HOUR
    usd = usd_per_hour[most_expensive] * size.instance_count * hours
    return Item(work, model, most_expensive, size.instance_count, hours, usd)
