"""Warm start: which earlier tuning jobs a new one may use, and what they found."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.sagemaker.api.validation import refusal, validation_error
from localcloud.sagemaker.jobs.tuning.ranges import parse_ranges
from localcloud.sagemaker.jobs.tuning.record import TuningJob
from localcloud.sagemaker.jobs.tuning.request import NAME, Objective, TuningRequest
from localcloud.sagemaker.jobs.tuning.search import KnownPoint


def parent_names(request: TuningRequest) -> list[str]:
    warm_start = request.get("WarmStartConfig")
    return [parent[NAME] for parent in warm_start["ParentHyperParameterTuningJobs"]] if warm_start else []


def check_warm_start(request: TuningRequest, parents: Sequence[TuningJob]) -> None:
    """Raise ValidationException if a tuning job cannot start from these."""
    if not parents:
        return
    if request["HyperParameterTuningJobConfig"]["Strategy"] == "Grid":
        raise refusal("WarmStartConfig with Strategy Grid", "leave it out; a grid does not learn from earlier trials")
    for parent in parents:
        if not parent.is_final:
            raise validation_error(
                f"Parent tuning job {parent.name} is in status {parent.status}: "
                "all parent jobs must be in a terminal state before a warm start tuning job is created."
            )
        if _objective(parent.request) != _objective(request):
            raise validation_error(f"The objective metric must be the same as that of parent tuning job {parent.name}.")
        if _hyperparameters(parent.request) != _hyperparameters(request):
            raise validation_error(
                "The static and tunable hyperparameters must be the same as those of parent tuning job "
                f"{parent.name}; their names differ in {_difference(parent.request, request)}."
            )
        if request["WarmStartConfig"]["WarmStartType"] == "IdenticalDataAndAlgorithm":
            _check_identical(request, parent)


def _objective(request: TuningRequest) -> Objective:
    return request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]


def _hyperparameters(request: TuningRequest) -> set[str]:
    ranges = request["HyperParameterTuningJobConfig"]["ParameterRanges"]
    tuned = {parameter.name for parameter in parse_ranges(ranges)}
    return tuned | set(request["TrainingJobDefinition"].get("StaticHyperParameters", {}))


def _difference(parent: TuningRequest, request: TuningRequest) -> str:
    return ", ".join(sorted(_hyperparameters(parent) ^ _hyperparameters(request)))


def _check_identical(request: TuningRequest, parent: TuningJob) -> None:
    now, before = request["TrainingJobDefinition"], parent.request["TrainingJobDefinition"]
    if now.get("InputDataConfig") != before.get("InputDataConfig"):
        raise validation_error(
            f"InputDataConfig must be the same as that of parent tuning job {parent.name} for a warm start of type "
            "IdenticalDataAndAlgorithm; use TransferLearning."
        )
    if now["AlgorithmSpecification"].get("TrainingImage") != before["AlgorithmSpecification"].get("TrainingImage"):
        raise validation_error(
            f"TrainingImage must be the same as that of parent tuning job {parent.name} for a warm start of type "
            "IdenticalDataAndAlgorithm; use TransferLearning."
        )


def known_points(parents: Sequence[TuningJob]) -> list[KnownPoint]:
    """What the parents' own trials found; the parents' parents do not count."""
    return [
        KnownPoint(trial.job.request["HyperParameters"], trial.objective)
        for parent in parents
        for trial in parent.trials
        if trial.objective is not None
    ]
