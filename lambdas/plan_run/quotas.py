"""Whether the account's quotas allow the instances that the plan runs at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from imgcls.contract.run_plan import ModelPlan, RunPlan
from lambdas.common.errors import Refused

Quotas = Mapping[str, float]
"""Quota name, as Service Quotas has it (`ml.m5.xlarge for training job usage`) -> instances."""

NO_LIMIT = 1_000_000


def quota_name(instance_type: str, kind: str) -> str:
    """`kind` is training, spot training or processing; a search's trials count as training jobs."""
    return f"{instance_type} for {kind} job usage"


def fit(plan: RunPlan, quotas: Quotas) -> RunPlan:
    """The plan with as many models side by side as the account allows. Raises Refused if it does not allow one."""
    _require(quotas, plan.preparation.instance_type, "processing", plan.preparation.instance_count)
    concurrency = plan.max_concurrency
    for model in plan.models:
        for instance_type, kind, count in _peaks(model, "spot training" if plan.spot else "training"):
            allowed = _require(quotas, instance_type, kind, count)
            concurrency = min(concurrency, allowed // count)
    if concurrency == plan.max_concurrency:
        return plan
    note = f"{concurrency} instead of {plan.max_concurrency} models run side by side: the quotas allow no more"
    return replace(plan, max_concurrency=concurrency, notes=(*plan.notes, note))


def _peaks(model: ModelPlan, training: str) -> list[tuple[str, str, int]]:
    """(instance type, kind, maximum of instances at once) for one model."""
    evaluation = (model.evaluation.instance_type, "processing", model.evaluation.instance_count)
    if model.trained is not None:
        return [evaluation]
    trials = model.trial.instance_count * model.tuning.max_parallel_jobs if model.tune else 0
    return [
        (model.training.instance_type, training, max(model.training.instance_count, trials)),
        evaluation,
    ]


def _require(quotas: Quotas, instance_type: str, kind: str, count: int) -> int:
    """The quota. A quota that the service does not list is treated as unlimited."""
    name = quota_name(instance_type, kind)
    allowed = int(quotas.get(name, NO_LIMIT))
    if allowed < count:
        raise Refused(
            f"the account's quota '{name}' is {allowed}, and the run needs {count}: request an increase under Service "
            "Quotas, or choose another instance type or fewer parallel trials in the configuration"
        )
    return allowed
