"""Warm start: what the tuning jobs before have found out, and which of them may be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.sagemaker.jobs.tuning.record import TuningJob
from localcloud.sagemaker.jobs.tuning.search import KnownPoint
from localcloud.sagemaker.jobs.validation import refusal, validation_error


def parent_names(request: Mapping[str, Any]) -> list[str]:
    parents = request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", [])
    return [parent["HyperParameterTuningJobName"] for parent in parents]


def check_warm_start(request: Mapping[str, Any], parents: Sequence[TuningJob]) -> None:
    """Raise ValidationException when a tuning job can not start from these."""
    if not parents:
        return
    if request["HyperParameterTuningJobConfig"]["Strategy"] == "Grid":
        raise refusal("WarmStartConfig with Strategy Grid", "leave it out; a grid learns nothing")
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


def _objective(request: Mapping[str, Any]) -> Any:
    return request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]


def _hyperparameters(request: Mapping[str, Any]) -> set[str]:
    ranges = request["HyperParameterTuningJobConfig"]["ParameterRanges"]
    tuned = {entry["Name"] for entries in ranges.values() for entry in entries}
    return tuned | set(request["TrainingJobDefinition"].get("StaticHyperParameters", {}))


def _difference(parent: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    return ", ".join(sorted(_hyperparameters(parent) ^ _hyperparameters(request)))


def _check_identical(request: Mapping[str, Any], parent: TuningJob) -> None:
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
    """What the parents' own trials found; warm starts do not reach back to the parents of parents."""
    return [
        KnownPoint(trial.job.request["HyperParameters"], trial.objective)
        for parent in parents
        for trial in parent.trials
        if trial.objective is not None
    ]
