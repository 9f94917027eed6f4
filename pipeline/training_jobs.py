"""The parameters of training and tuning jobs. The trials of a tuning job are training jobs with other values."""

from __future__ import annotations

from typing import Any

from config.app import AppConfig
from imgcls.contract import keys, metrics, prepared
from pipeline import debugger
from pipeline.job_fields import PENDING_SECONDS, Parameters, isolation, resources, split
from pipeline.names import job_name
from pipeline.placeholders import Placeholder

WARM_START_TYPE = "TransferLearning"
"""The other type requires the data and image of the parent, and both change from run to run."""


def train_model(config: AppConfig) -> Parameters:
    """CreateTrainingJob with the merged hyperparameters; the checkpoint prefix is the same for every retry."""
    return {
        "TrainingJobName.$": job_name("$.model.base"),
        "RoleArn": str(Placeholder.TRAINING_ROLE_ARN),
        "AlgorithmSpecification": _algorithm(),
        "HyperParameters.$": "$.hyperparameters.values",
        "InputDataConfig.$": "$.channels.list",
        "OutputDataConfig": _output(),
        "ResourceConfig": resources(config.training, "TrainModel", "$.model.training"),
        "CheckpointConfig": {"S3Uri.$": "$.model.checkpoints_uri"},
        "Environment": {
            "KENNEL_MANIFEST_ID.$": "$.run.manifest_id",
            "KENNEL_JOB_SUBMITTED.$": "$$.State.EnteredTime",
        },
        **_until(config),
        **isolation(config, instances=config.training.instance_count),
        **debugger.parameters(config),
    }


def tune_model(config: AppConfig) -> Parameters:
    """CreateHyperParameterTuningJob: trials of the same training job in the model's search space, with a time limit."""
    return {
        "HyperParameterTuningJobName.$": job_name("$.model.base"),
        "HyperParameterTuningJobConfig": {
            "Strategy.$": "$.model.tuning.strategy",
            "RandomSeed.$": "$.model.tuning.seed",
            "HyperParameterTuningJobObjective": {
                "Type.$": "$.model.tuning.goal",
                "MetricName.$": "$.model.tuning.objective",
            },
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs.$": "$.model.tuning.max_jobs",
                "MaxParallelTrainingJobs.$": "$.model.tuning.max_parallel_jobs",
                "MaxRuntimeInSeconds.$": "$.model.tuning.max_runtime_seconds",
            },
            "ParameterRanges.$": "$.model.tuning.parameter_ranges",
            "TrainingJobEarlyStoppingType.$": "$.model.tuning.early_stopping",
        },
        "TrainingJobDefinition": {
            "RoleArn": str(Placeholder.TRAINING_ROLE_ARN),
            "AlgorithmSpecification": _algorithm(),
            "StaticHyperParameters.$": "$.hyperparameters.values",
            "InputDataConfig.$": "$.channels.list",
            "OutputDataConfig": _output(),
            "ResourceConfig": resources(config.training, "TuneModel", "$.model.trial"),
            **_trial_checkpoints(config),
            **_until(config),
            **isolation(config, instances=1),
        },
    }


def tune_model_warm(config: AppConfig) -> Parameters:
    """The same, with a warm start from the trials of an earlier search."""
    warm = {
        "ParentHyperParameterTuningJobs.$": "$.model.tuning.parents",
        "WarmStartType": WARM_START_TYPE,
    }
    return {**tune_model(config), "WarmStartConfig": warm}


def tune_model_hyperband(config: AppConfig) -> Parameters:
    """The same with Hyperband's epochs, which the service refuses for other strategies."""
    made = tune_model(config)
    search: dict[str, Any] = made["HyperParameterTuningJobConfig"]
    search["StrategyConfig"] = {
        "HyperbandStrategyConfig": {
            "MinResource.$": "$.model.tuning.min_resource",
            "MaxResource.$": "$.model.tuning.max_resource",
        }
    }
    return made


def training_seconds(config: AppConfig) -> int:
    """How long a training job may take from creation to end, including waits for instances."""
    spot, training = config.spot, config.training
    return (spot.max_wait_seconds if spot.enabled else training.max_runtime_seconds) + PENDING_SECONDS


def channels(*, pretrained: bool) -> list[Parameters]:
    """InputDataConfig of training jobs and trials. `weights` only if used: an empty prefix fails a job."""
    uris = {"train": split(prepared.TRAIN), "validation": split(prepared.VALIDATION)}
    if pretrained:
        uris["weights"] = "$.model.weights_uri"
    code = {"S3Uri": f"s3://{Placeholder.CODE_BUCKET}/{Placeholder.CODE_KEY}"}
    sources = {name: {"S3Uri.$": uri} for name, uri in uris.items()} | {"code": code}
    return [
        {
            "ChannelName": name,
            **({"InputMode.$": "$.run.train_input_mode"} if name == prepared.TRAIN else {}),
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", **source}
            },
        }
        for name, source in sources.items()
    ]


def _algorithm() -> Parameters:
    return {
        "TrainingImage": str(Placeholder.TRAINING_IMAGE),
        "TrainingInputMode": "File",
        "MetricDefinitions": metrics.definitions(),
    }


def _output() -> Parameters:
    return {"S3OutputPath.$": "$.model.output_uri", "KmsKeyId": str(Placeholder.KEY_ARN)}


def _until(config: AppConfig) -> Parameters:
    """The time limit of a training job, and whether it runs on spot instances, where waits count too."""
    limits: Parameters = {"MaxRuntimeInSeconds.$": "$.model.training.max_runtime_seconds"}
    spot = config.spot
    if not spot.enabled:
        return {"StoppingCondition": limits}
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {**limits, "MaxWaitTimeInSeconds": spot.max_wait_seconds},
    }


def _trial_checkpoints(config: AppConfig) -> Parameters:
    """The trials of a search share the prefix; the local path tells train.py to use a folder of its own in it."""
    if not config.spot.enabled:
        return {}
    return {"CheckpointConfig": {"S3Uri.$": "$.model.trials_uri", "LocalPath": keys.TRIAL_CHECKPOINTS}}
