"""How often the state machine looks at the jobs that it polls. Pure.

Each look leaves events in the execution's history, which is limited. So the waits begin as short as the environment
allows, and are longer the more jobs a run may have, and the longer each may take.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from imgcls.contract.run_plan import MAX_RECOVERIES, ModelPlan, Polling, RunPlan

MAX_STEP_SECONDS = 30
"""With longer steps, the end of a long search would be noticed too late."""
WORTH_A_NOTE_SECONDS = 300


def paced(plan: RunPlan, specs: Mapping[str, Any]) -> RunPlan:
    """The plan with waits that keep the history of its worst case within the budget of events."""
    polling = _polling(plan, specs)
    if polling.first_seconds < WORTH_A_NOTE_SECONDS:
        return replace(plan, polling=polling)
    # Short: with forty models, and the reasons of all their failures, it has to fit into one state.
    note = f"searches end {polling.first_seconds // 60} minutes late: start fewer models"
    return replace(plan, polling=polling, notes=(*plan.notes, note))


def worst_case_events(plan: RunPlan, specs: Mapping[str, Any]) -> int:
    """Events of the history, if every job that is polled takes as long, and is tried as often, as it may."""
    events: Mapping[str, int] = specs["history"]
    jobs, seconds = _work(plan, specs)
    looks = jobs * _rounds(seconds / jobs, plan.polling) if jobs else 0
    return math.ceil(events["run"] + events["model"] * len(plan.models) + events["round"] * looks)


def _polling(plan: RunPlan, specs: Mapping[str, Any]) -> Polling:
    events, shortest = specs["history"], specs["poll_seconds"]
    jobs, seconds = _work(plan, specs)
    if not jobs:
        return Polling(shortest)
    left = events["budget"] - events["run"] - events["model"] * len(plan.models)
    # The looks that each job may take beyond its last one, if all share the time evenly: that makes the most looks.
    looks, length = max(left, 1) / events["round"] / jobs, seconds / jobs
    steps = max(0.0, looks * (looks - 1) / 2)
    step = math.ceil((length - looks * shortest) / steps) if steps else 1
    step = min(max(1, step), MAX_STEP_SECONDS)
    first = max(shortest, math.ceil((length - step * steps) / looks))
    return Polling(min(first, _longest(plan, events)), step)


def _work(plan: RunPlan, specs: Mapping[str, Any]) -> tuple[int, int]:
    """How many polled jobs the models may start, and how many seconds they may take together."""
    limits = [found for model in plan.models if (found := _limits(model, specs["history"]))]
    jobs = sum(len(of_model) + MAX_RECOVERIES for of_model in limits)
    seconds = sum(sum(of_model) + MAX_RECOVERIES * max(of_model) for of_model in limits)
    return jobs, min(seconds, plan.max_concurrency * specs["execution_timeout_seconds"])


def _longest(plan: RunPlan, history: Mapping[str, int]) -> int:
    """After these seconds any job has ended, so that one look is enough."""
    return max(max(found) for model in plan.models if (found := _limits(model, history)))


def _limits(model: ModelPlan, history: Mapping[str, int]) -> list[int]:
    """Seconds that each polled job of a model may take."""
    search = [model.tuning.max_runtime_seconds + history["grace_seconds"]] if model.tune else []
    training = [history["training_seconds"]] if history["training_seconds"] and model.trained is None else []
    return search + training


def _rounds(seconds: float, polling: Polling) -> float:
    """The number of waits that fill `seconds`."""
    half = polling.first_seconds / polling.step_seconds - 0.5
    return math.sqrt(half * half + 2 * seconds / polling.step_seconds) - half
