"""Makes a run's plan from a request and the specs. Pure: what is read from AWS is passed in as `Published`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from imgcls.contract import combinations, hyperparameters, keys
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.instances import has_gpu
from imgcls.contract.plan_file import ModelSettings, PlanFile
from imgcls.contract.run_plan import (
    MAX_BASE_CHARS,
    JobSize,
    ModelPlan,
    ModelReference,
    RunPlan,
    Trained,
    TuningPlan,
)
from imgcls.contract.training_settings import TrainingSettings
from lambdas.common.errors import Refused
from lambdas.plan_run import search
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.request import RunRequest

_HASH_CHARS = 6


@dataclass(frozen=True)
class Published:
    """By model: the tuning job behind the published version, the names of all hyperparameters of that, and the artifact
    used in place of a training.
    """

    searches: Mapping[str, str] = field(default_factory=dict)
    hyperparameters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    trained: Mapping[str, Trained] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """A plan before price and quotas, and its plan.json."""

    plan: RunPlan
    file: PlanFile


def draft(request: RunRequest, specs: Mapping[str, Any], published: Published, environment: Environment) -> Draft:
    """The run's plan, and the file that its processing jobs read."""
    labels = specs["datasets"].get(request.dataset, {}).get("labels", {})
    models = tuple(_model(name, request, specs, labels, published, environment) for name in request.models)
    plan = RunPlan(
        execution=request.execution,
        dataset=request.dataset,
        dataset_uri=keys.uri(environment.data_bucket, keys.dataset(request.dataset)),
        prepared_uri=keys.uri(environment.artifacts_bucket, keys.PREPARED),
        plan_uri=keys.uri(environment.artifacts_bucket, keys.plan(request.execution)),
        parts_uri=keys.uri(environment.artifacts_bucket, keys.parts(request.execution)),
        base=_base("prepare", request.execution),
        preparation=_size(specs, "preparation"),
        models=models,
        max_concurrency=min(specs["max_concurrency"], len(models)),
        worst_case_usd=0.0,
        spot=specs["spot"],
        notes=_notes(request, specs, published, models),
    )
    return Draft(plan, _file(request, specs, labels))


def without_jobs(
    execution: str, references: Sequence[ModelReference], *, max_concurrency: int, **values: Any
) -> dict[str, Any]:
    """RunPlan.to_answer() of a run without data or jobs. `values` are other fields of the RunPlan."""
    run = RunPlan(
        execution=execution,
        dataset="",
        dataset_uri="",
        prepared_uri="",
        plan_uri="",
        parts_uri="",
        base="",
        preparation=JobSize("", 0, 0, 0),
        models=(),
        max_concurrency=min(max_concurrency, len(references)),
        worst_case_usd=0.0,
        **values,
    )
    return {**run.to_dict(), "models": [asdict(reference) for reference in references]}


def _model(
    name: str,
    request: RunRequest,
    specs: Mapping[str, Any],
    labels: Mapping[str, str],
    published: Published,
    environment: Environment,
) -> ModelPlan:
    spec = specs["models"][name]
    pinned = request.hyperparameters.get(name, {})
    values = {**spec["hyperparameters"], **pinned, **hyperparameters.encode({"labels": dict(labels)})}
    trained = published.trained.get(name)
    searching = request.tune and trained is None
    tuning = search.tuning(spec, values, pinned) if searching else None
    searched = search.searched(tuning) if tuning else set()
    training = _size(specs, "training")
    training = replace(training, instance_count=request.instances or training.instance_count)
    if trained is None:
        _check(name, {key: value for key, value in values.items() if key not in searched}, training)
    values |= _toolkit(environment, distributed=specs["distributed"] or training.instance_count > 1)
    if tuning and tuning.warm_start and _same_hyperparameters(name, {*values, *searched}, published):
        tuning = replace(tuning, parents=({"HyperParameterTuningJobName": published.searches[name]},))
    bucket, execution = environment.artifacts_bucket, request.execution
    return ModelPlan(
        name=name,
        base=_base(name, f"{execution}/{name}"),
        tune=tuning is not None,
        pretrained=spec["pretrained"],
        architecture=spec["architecture"],
        # The service refuses a hyperparameter that is both static and searched.
        hyperparameters={key: value for key, value in values.items() if key not in searched},
        tuning=tuning or search.NO_TUNING,
        training=training,
        # Hyperparameters do not depend on the number of instances, so one instance per trial is enough.
        trial=replace(training, instance_count=1),
        evaluation=_size(specs, "evaluation"),
        weights_uri=keys.uri(bucket, keys.weights(spec["architecture"])),
        output_uri=keys.uri(bucket, keys.output(execution, name)),
        checkpoints_uri=keys.uri(bucket, keys.checkpoints(execution, name)),
        trials_uri=keys.uri(bucket, keys.trials(execution, name)),
        hyperparameters_key=keys.hyperparameters(execution, name),
        run_uri=keys.uri(bucket, keys.run(execution, name)),
        package_group=spec["package_group"],
        trained=trained,
    )


def _check(name: str, values: Mapping[str, str], training: JobSize) -> None:
    """Raises Refused for hyperparameters with which `train.py` would not begin. `values` are not searched."""
    gpu = any(has_gpu(kind) for kind in (training.instance_type, *training.fallback_instance_types))
    settings = TrainingSettings.from_hyperparameters(values)
    try:
        combinations.check(settings, processes=training.instance_count, gpu=gpu)
    except hyperparameters.HyperparameterError as error:
        raise Refused(f"{name} cannot be trained with these hyperparameters: {error}") from None


def _same_hyperparameters(name: str, values: set[str], published: Published) -> bool:
    """Whether a search is known, and with what the service requires of a warm start: the same names, tuned or not."""
    return name in published.searches and published.hyperparameters.get(name, values) == values


def _toolkit(environment: Environment, *, distributed: bool) -> dict[str, str]:
    """The training toolkit's hyperparameters: which script of which archive to run. A path works without a network."""
    return {
        # The toolkit then starts the script by torchrun: one process per GPU, or per instance without GPUs.
        **({"sagemaker_torch_distributed_enabled": "true"} if distributed else {}),
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": f"/opt/ml/input/data/code/{environment.code_file}",
        "sagemaker_region": environment.region,
        # At INFO the toolkit prints a hundred lines about its environment before the script starts.
        "sagemaker_container_log_level": "30",
    }


def _size(specs: Mapping[str, Any], job: str) -> JobSize:
    size = specs["jobs"][job]
    return JobSize(**{**size, "fallback_instance_types": tuple(size["fallback_instance_types"])})


def _base(name: str, seed: str) -> str:
    """First part of a job's name: as much of `name` as fits, and 6 hex digits that distinguish runs."""
    room = MAX_BASE_CHARS - _HASH_CHARS - 1
    return f"{name[:room].rstrip('-')}-{hashlib.sha256(seed.encode()).hexdigest()[:_HASH_CHARS]}"


def _notes(
    request: RunRequest, specs: Mapping[str, Any], published: Published, models: Iterable[ModelPlan]
) -> tuple[str, ...]:
    notes = []
    if request.dataset not in specs["datasets"]:
        notes.append(f"{request.dataset} is not configured: its layout is detected, its labels are its folders' names")
    for model in models:
        name, tuning = model.name, specs["models"][model.name]["tuning"]
        given = set(request.hyperparameters.get(name, {}))
        pinned = sorted(given & search.searched(TuningPlan(**tuning))) if tuning else []
        if request.tune and pinned:
            notes.append(f"{name}: not searched, because the input gives a value: {', '.join(pinned)}")
        if model.tune and model.tuning.warm_start and not model.tuning.parents:
            known = name in published.searches
            why = "the last one had other hyperparameters" if known else "no search of a published version is known"
            notes.append(f"{name}: the search starts cold, because {why}")
    return tuple(notes)


def _file(request: RunRequest, specs: Mapping[str, Any], labels: Mapping[str, str]) -> PlanFile:
    models = {
        name: _settings(name, specs["models"][name], labels, replace_labels=request.replace_labels)
        for name in request.models
    }
    known = specs["datasets"].get(request.dataset, {"name": request.dataset})
    needed = max(model.preprocessing.resize for model in models.values())
    return PlanFile(DatasetSettings.from_dict({"max_short_side": needed, **known}), models)


def _settings(name: str, spec: Mapping[str, Any], labels: Mapping[str, str], *, replace_labels: bool) -> ModelSettings:
    return ModelSettings(
        name=name,
        architecture=spec["architecture"],
        preprocessing=Preprocessing.from_dict(spec["preprocessing"]),
        response_format=spec["serving"]["response_format"],
        precision=spec["serving"]["precision"],
        labels=dict(labels),
        replace_labels=replace_labels,
    )
