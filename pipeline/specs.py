"""The part of the configuration that PlanRun needs, as a JSON file in the Lambda archive: variables hold only 4 KB."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from config.app import AppConfig
from config.base import ConfigError
from config.compute import JobCompute
from config.datasets import DatasetSpec
from config.models import Categorical, Integer, ModelSpec, Range, TuningSpec
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.run_plan import JobSize, TuningPlan
from pipeline import history_events, machine, training_jobs
from pipeline.job_fields import PENDING_SECONDS

FILE = "lambdas/plan_run/specs.json"
"""The file's path in the Lambda archive."""
MAX_GROUP_CHARS = 63


def run_specs(config: AppConfig) -> dict[str, Any]:
    """Models, data sets, job sizes, prices and defaults. Raises ConfigError for an instance type without a price."""
    computes = {"preparation": config.preparation, "training": config.training, "evaluation": config.evaluation}
    types = sorted({name for compute in computes.values() for name in compute.types})
    return {
        "environment": config.environment,
        "defaults": {"models": list(config.default_models), "tune": config.pipeline.tune},
        "models": {model.name: _model(config, model) for model in config.models},
        "datasets": {dataset.name: _dataset(dataset) for dataset in config.datasets},
        "jobs": {name: asdict(_size(compute)) for name, compute in computes.items()},
        "spot": config.spot.enabled,
        "distributed": config.training.is_distributed,
        "several_instances": not config.pipeline.isolate or config.training.instance_count > 1,
        "usd_per_hour": {name: config.prices.per_hour(name) for name in types},
        "budget_usd": config.pipeline.budget_usd_per_run,
        "max_concurrency": config.pipeline.max_concurrency,
        "execution_timeout_seconds": config.pipeline.execution_timeout_seconds,
        "poll_seconds": config.pipeline.poll_seconds,
        "history": _history(config),
    }


def _history(config: AppConfig) -> dict[str, int]:
    """Events of the execution's history, and how long polled jobs may take beyond what their own plan says."""
    polled = config.pipeline.sagemaker_debugger == "profiler"
    return {
        **asdict(history_events.count(machine.state_machine(config))),
        "budget": history_events.BUDGET,
        "grace_seconds": PENDING_SECONDS,
        "training_seconds": training_jobs.training_seconds(config) if polled else 0,
    }


def package_group(config: AppConfig, model: str) -> str:
    """The name of one model's model package group. Raises ConfigError if it is too long."""
    name = f"{config.prefix}-{model}"
    if len(name) > MAX_GROUP_CHARS:
        raise ConfigError(
            f"models.{model}.name makes the model package group {name}, which is longer than "
            f"{MAX_GROUP_CHARS} characters: shorten it"
        )
    return name


def _model(config: AppConfig, model: ModelSpec) -> dict[str, Any]:
    return {
        "architecture": model.architecture,
        "dataset": model.dataset,
        "pretrained": model.pretrained,
        "hyperparameters": model.static_hyperparameters(config.dataset(model.dataset).labels),
        "tuning": asdict(_tuning(model.tuning, model.epochs)) if model.tuning else None,
        "preprocessing": model.preprocessing.model_dump(mode="json"),
        "serving": {"response_format": model.response_format, "precision": model.precision},
        "package_group": package_group(config, model.name),
    }


def _dataset(dataset: DatasetSpec) -> dict[str, Any]:
    settings = dataset.settings()
    # Settings that the job would reject must fail at synth, not in the run.
    DatasetSettings.from_dict(settings)
    return settings


def _size(compute: JobCompute) -> JobSize:
    return JobSize(**compute.model_dump())


def _tuning(tuning: TuningSpec, epochs: int) -> TuningPlan:
    ranges: dict[str, list[dict[str, Any]]] = {
        "ContinuousParameterRanges": [],
        "IntegerParameterRanges": [],
        "CategoricalParameterRanges": [],
    }
    for name, space in tuning.search_space.items():
        kind, value = _range(name, space)
        ranges[kind].append(value)
    return TuningPlan(
        strategy=tuning.strategy,
        objective=tuning.objective,
        goal=tuning.goal,
        max_jobs=_max_jobs(tuning),
        max_parallel_jobs=tuning.max_parallel_jobs,
        max_runtime_seconds=tuning.max_runtime_seconds,
        early_stopping=tuning.early_stopping,
        seed=tuning.seed,
        parameter_ranges={kind: values for kind, values in ranges.items() if values},
        warm_start=tuning.warm_start,
        min_resource=tuning.min_epochs,
        max_resource=epochs,
    )


def _max_jobs(tuning: TuningSpec) -> int:
    """A grid search has one trial per combination; the service rejects any other number."""
    if tuning.strategy != "Grid":
        return tuning.max_jobs
    return math.prod(len(space.values) for space in tuning.search_space.values() if isinstance(space, Categorical))


def _range(name: str, space: Range) -> tuple[str, dict[str, Any]]:
    """The kind and one entry of CreateHyperParameterTuningJob's ParameterRanges, in which numbers are strings."""
    if isinstance(space, Categorical):
        return "CategoricalParameterRanges", {"Name": name, "Values": list(space.values)}
    kind = "IntegerParameterRanges" if isinstance(space, Integer) else "ContinuousParameterRanges"
    limits = {"MinValue": _number(space.low), "MaxValue": _number(space.high)}
    return kind, {"Name": name, **limits, "ScalingType": space.scaling}


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.12g}"
