"""What CreateHyperParameterTuningJob refuses beyond its input shape, including requests whose trials are invalid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from localcloud.sagemaker.api.validation import check_request, refusal, validation_error
from localcloud.sagemaker.jobs.training.checks import check_training_request
from localcloud.sagemaker.jobs.training.request import TrainingRequest
from localcloud.sagemaker.jobs.tuning.hyperband import resources
from localcloud.sagemaker.jobs.tuning.ranges import CategoricalRange, parse_ranges
from localcloud.sagemaker.jobs.tuning.request import NAME, TrainingJobDefinition, TuningJobConfig, TuningRequest
from localcloud.sagemaker.jobs.tuning.search import count_combinations

NOT_EMULATED = {
    "TrainingJobDefinitions": "use one TrainingJobDefinition",
    "Autotune": "leave it out",
}
CONFIG_NOT_EMULATED = {
    "TuningJobCompletionCriteria": "leave it out and use ResourceLimits",
}
# Fields of a training job definition that each trial's CreateTrainingJob request repeats.
_PASSED_ON = (
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
    "AlgorithmSpecification",
)


def trial_request(request: TuningRequest, name: str, tuned: Mapping[str, str]) -> TrainingRequest:
    """The CreateTrainingJob request of one trial."""
    definition = request["TrainingJobDefinition"]
    objective = request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    hyperparameters = {
        **definition.get("StaticHyperParameters", {}),
        **tuned,
        "_tuning_objective_metric": objective["MetricName"],
    }
    passed_on = {field: value for field, value in definition.items() if field in _PASSED_ON}
    tags = {"Tags": request["Tags"]} if request.get("Tags") else {}
    trial = {"TrainingJobName": name, "HyperParameters": hyperparameters, **passed_on, **tags}
    return cast(TrainingRequest, trial)  # check_tuning_request validates such a request


def check_tuning_request(request: TuningRequest) -> None:
    """Raise ValidationException for a request that cannot run as requested."""
    for field, remedy in NOT_EMULATED.items():
        if request.get(field):
            raise refusal(field, remedy)
    config = request["HyperParameterTuningJobConfig"]
    for field, remedy in CONFIG_NOT_EMULATED.items():
        if config.get(field):
            raise refusal(f"HyperParameterTuningJobConfig.{field}", remedy)
    definition = request.get("TrainingJobDefinition")
    if definition is None:
        raise validation_error("You must specify a TrainingJobDefinition.")
    for field in ("TuningObjective", "HyperParameterRanges", "HyperParameterTuningResourceConfig"):
        if definition.get(field):
            raise refusal(f"TrainingJobDefinition.{field}", "leave it out")
    _check_objective(config, definition)
    _check_ranges(config, definition)
    if config["Strategy"] == "Hyperband":
        resources(config, definition.get("StaticHyperParameters", {}))
    elif config.get("StrategyConfig"):
        raise validation_error("StrategyConfig is supported only for the Hyperband strategy.")
    probe = trial_request(request, f"{request[NAME]}-001-00000000", {})
    check_request("CreateTrainingJob", probe)
    check_training_request(probe)


def _check_objective(config: TuningJobConfig, definition: TrainingJobDefinition) -> None:
    objective = config.get("HyperParameterTuningJobObjective")
    if objective is None:
        raise validation_error("You must specify a HyperParameterTuningJobObjective.")
    metrics = definition["AlgorithmSpecification"].get("MetricDefinitions", [])
    if objective["MetricName"] not in [metric["Name"] for metric in metrics]:
        raise validation_error(
            "A metric is required for this hyperparameter tuning job objective. "
            f"Provide a metric definition for {objective['MetricName']} in the metric definitions."
        )


def _check_ranges(config: TuningJobConfig, definition: TrainingJobDefinition) -> None:
    ranges = parse_ranges(config.get("ParameterRanges", {}))
    if not ranges:
        raise validation_error("You must specify at least one parameter range in ParameterRanges.")
    for parameter in ranges:
        if parameter.name in definition.get("StaticHyperParameters", {}):
            raise validation_error(f"Hyperparameter {parameter.name} is in StaticHyperParameters and has a range.")
    limits = config["ResourceLimits"]
    max_jobs = limits.get("MaxNumberOfTrainingJobs")
    if config["Strategy"] == "Grid":
        if not all(isinstance(parameter, CategoricalRange) for parameter in ranges):
            raise validation_error("Grid search takes only categorical parameter ranges.")
        if max_jobs not in (None, count_combinations(ranges)):
            raise validation_error(
                f"MaxNumberOfTrainingJobs {max_jobs} must be left out or equal the grid's {count_combinations(ranges)} "
                "combinations."
            )
    elif max_jobs is None and "MaxRuntimeInSeconds" not in limits:
        raise validation_error("You must specify MaxNumberOfTrainingJobs or MaxRuntimeInSeconds in ResourceLimits.")
