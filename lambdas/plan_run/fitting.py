"""Fits a run's plan to the account's quotas: the first instance type that may be used, and how many models at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from imgcls.contract.run_plan import JobSize, ModelPlan, RunPlan
from lambdas.common.errors import Refused
from lambdas.plan_run.quotas import PROCESSING, SPOT, TRAINING, TRIALS_AT_ONCE, Need, Quotas, job_needs, shortages


def fit(plan: RunPlan, quotas: Quotas, region: str) -> RunPlan:
    """The plan as the quotas allow it, with a note on what is other than configured.

    Raises Refused if no instance type of a job is allowed, or not one model at a time.
    """
    preparation = _allowed(plan.preparation, _preparation(plan), quotas, region)
    models = tuple(_fitted(model, plan, quotas, region) for model in plan.models)
    fitted = replace(plan, preparation=preparation, models=models)
    concurrency = min([plan.max_concurrency, *_side_by_side(fitted, quotas)])
    notes = [*_replaced(plan, fitted)]
    if concurrency < plan.max_concurrency:
        most = plan.max_concurrency
        notes.append(f"{concurrency} instead of {most} models run side by side: the quotas allow no more")
    return replace(fitted, max_concurrency=concurrency, notes=(*plan.notes, *notes))


def needed(plan: RunPlan) -> set[str]:
    """The names of all quotas that `fit` looks at."""
    needs = [need for name in _types(plan.preparation) for need in _preparation(plan)(name)]
    for model in plan.models:
        for size, of_type in _jobs(model, plan.spot):
            needs += [need for name in _types(size) for need in of_type(name)]
    return {need.name for need in needs}


class _NeedsOfType:
    """The needs of one job of a plan, if it runs on a given instance type."""

    def __init__(self, kind: str, count: int, purpose: str, *, largest_job: int, trials: int = 0) -> None:
        self._kind, self._count, self._purpose = kind, count, purpose
        self._largest_job, self._trials = largest_job, trials

    def __call__(self, instance_type: str) -> list[Need]:
        needs = job_needs(instance_type, self._kind, self._count, self._purpose, largest_job=self._largest_job)
        return [*needs, Need(TRIALS_AT_ONCE, self._trials, self._purpose)] if self._trials else needs


def _preparation(plan: RunPlan) -> _NeedsOfType:
    count = plan.preparation.instance_count
    return _NeedsOfType(PROCESSING, count, "the preparation of the data set", largest_job=count)


def _jobs(model: ModelPlan, spot: bool) -> list[tuple[JobSize, _NeedsOfType]]:
    """The jobs of one model that never run side by side; its trials and its training share their instance type."""
    size = model.evaluation
    evaluation = _NeedsOfType(
        PROCESSING, size.instance_count, f"the evaluation of {model.name}", largest_job=size.instance_count
    )
    if model.trained is not None:
        return [(size, evaluation)]
    trials = model.tuning.max_parallel_jobs if model.tune else 0
    count = max(model.training.instance_count, trials * model.trial.instance_count)
    training = _NeedsOfType(
        SPOT if spot else TRAINING,
        count,
        f"the {'search' if trials > model.training.instance_count else 'training'} of {model.name}",
        largest_job=model.training.instance_count,
        trials=trials,
    )
    return [(model.training, training), (size, evaluation)]


def _fitted(model: ModelPlan, plan: RunPlan, quotas: Quotas, region: str) -> ModelPlan:
    *training, (evaluation, of_evaluation) = _jobs(model, plan.spot)
    model = replace(model, evaluation=_allowed(evaluation, of_evaluation, quotas, region))
    for size, of_type in training:
        chosen = _allowed(size, of_type, quotas, region)
        model = replace(model, training=chosen, trial=replace(chosen, instance_count=model.trial.instance_count))
    return model


def _allowed(size: JobSize, of_type: _NeedsOfType, quotas: Quotas, region: str) -> JobSize:
    """`size` with the instance types that the quotas allow, in their order."""
    allowed = [name for name in _types(size) if not shortages(of_type(name), quotas)]
    if not allowed:
        raise Refused(shortages(of_type(size.instance_type), quotas)[0].sentence(region))
    return replace(size, instance_type=allowed[0], fallback_instance_types=tuple(allowed[1:]))


def _side_by_side(plan: RunPlan, quotas: Quotas) -> Iterable[int]:
    """By each quota that models share, how many of them may run at once."""
    for model in plan.models:
        for size, of_type in _jobs(model, plan.spot):
            for need in of_type(size.instance_type)[:2]:
                if need.name in quotas:
                    yield int(quotas[need.name].value) // need.count


def _replaced(plan: RunPlan, fitted: RunPlan) -> Iterable[str]:
    """One note for each instance type that another one stands in for."""
    pairs = [(plan.preparation, fitted.preparation)]
    for before, after in zip(plan.models, fitted.models, strict=True):
        pairs += [(before.training, after.training), (before.evaluation, after.evaluation)]
    names = dict.fromkeys((old.instance_type, new.instance_type) for old, new in pairs)
    for old, new in (pair for pair in names if pair[0] != pair[1]):
        yield f"{new} instead of {old}: the account's quota of {old} is too low"


def _types(size: JobSize) -> tuple[str, ...]:
    return (size.instance_type, *size.fallback_instance_types)
