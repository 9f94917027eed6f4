"""The search of one model: what is left of the configured one when the input gives hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from imgcls.contract import metrics
from imgcls.contract.run_plan import TuningPlan

NO_TUNING = TuningPlan(
    strategy="Random",
    objective=metrics.OBJECTIVE,
    goal="Maximize",
    max_jobs=0,
    max_parallel_jobs=0,
    max_runtime_seconds=0,
    early_stopping="Off",
    seed=0,
    parameter_ranges={},
)
"""In the plan of a model that is not tuned; no state reads it."""


def tuning(spec: Mapping[str, Any], values: Mapping[str, str], pinned: Mapping[str, str]) -> TuningPlan | None:
    """The model's search without the hyperparameters that the input pins; None if nothing is left to search.

    `values` are the static hyperparameters: their epochs are Hyperband's maximum per trial.
    """
    if spec["tuning"] is None:
        return None
    plan = TuningPlan(**spec["tuning"])
    ranges = {
        kind: [entry for entry in entries if entry["Name"] not in pinned]
        for kind, entries in plan.parameter_ranges.items()
    }
    left = {kind: entries for kind, entries in ranges.items() if entries}
    if not left:
        return None
    epochs = int(values.get("epochs", plan.max_resource))
    jobs = _combinations(left) if plan.strategy == "Grid" else plan.max_jobs
    return replace(
        plan,
        parameter_ranges=left,
        max_jobs=jobs,
        max_parallel_jobs=min(plan.max_parallel_jobs, jobs),
        min_resource=min(plan.min_resource, epochs),
        max_resource=epochs,
    )


def searched(plan: TuningPlan) -> set[str]:
    return {entry["Name"] for entries in plan.parameter_ranges.values() for entry in entries}


def _combinations(ranges: Mapping[str, Any]) -> int:
    """Of a grid, which the service wants to have one trial each."""
    return math.prod(len(entry["Values"]) for entries in ranges.values() for entry in entries)
