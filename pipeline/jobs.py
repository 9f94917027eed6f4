"""The SageMaker jobs as parameters of optimized tasks.

Security fields are literals; names, values, ranges, S3 URIs and instance types come from the run's plan.
Only EvaluateModel gets the test split.
"""

from __future__ import annotations

from typing import Any

from config import instances
from config.app import AppConfig
from config.compute import JobCompute
from imgcls.contract import metrics, prepared
from pipeline import placeholders
from pipeline.names import job_name
from pipeline.placeholders import Placeholder

Parameters = dict[str, Any]

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"

PENDING_SECONDS = 3600
"""How long a job may wait for an instance. The state's timeout holds it: MaxPendingTime does nothing for CPU types."""

_UNPACK_AND_RUN = (
    f'mkdir -p /opt/ml/code && tar -xzf {INPUT}/code/*.gz -C /opt/ml/code && exec python3 "/opt/ml/code/$0" "$@"'
)


def prepare_dataset(config: AppConfig) -> Parameters:
    """CreateProcessingJob: check, split and pack the data set into `prepared/<manifest id>/`."""
    return {
        **_processing_job(config, Placeholder.PREPARATION_ROLE_ARN),
        "ProcessingJobName.$": job_name("$.plan.base"),
        "ProcessingResources": _cluster(config.training.preparation, "PrepareDataset", "$.plan.preparation"),
        "StoppingCondition": {"MaxRuntimeInSeconds.$": "$.plan.preparation.max_runtime_seconds"},
        "AppSpecification": {
            **_script("prepare.py"),
            "ContainerArguments": [
                *("--plan", f"{INPUT}/plan"),
                *("--dataset", f"{INPUT}/dataset"),
                *("--output", OUTPUT),
                *("--message", prepared.EXIT_MESSAGE_FILE),
            ],
        },
        "ProcessingInputs": [
            _input("dataset", "$.plan.dataset_uri"),
            _input("plan", "$.plan.plan_uri"),
            _code_input(),
        ],
        "ProcessingOutputConfig": _output("$.plan.prepared_uri"),
    }


def evaluate_model(config: AppConfig) -> Parameters:
    """CreateProcessingJob: export the graph and score it, and the published model, on the locked test split."""
    folders = ("artifact", "output-data", "validation", "test", "champion")
    arguments = ["'--plan'", f"'{INPUT}/plan'", "'--model'", "$.model.name"]
    arguments += [f"'{text}'" for folder in folders for text in (f"--{folder}", f"{INPUT}/{folder}")]
    arguments += ["'--output'", f"'{OUTPUT}'", "'--message'", f"'{prepared.EXIT_MESSAGE_FILE}'"]
    return {
        **_processing_job(config, Placeholder.EVALUATION_ROLE_ARN),
        "ProcessingJobName.$": job_name("$.model.base"),
        "ProcessingResources": _cluster(config.training.evaluation, "EvaluateModel", "$.model.evaluation"),
        "StoppingCondition": {"MaxRuntimeInSeconds.$": "$.model.evaluation.max_runtime_seconds"},
        "AppSpecification": {
            **_script("evaluate.py"),
            "ContainerArguments.$": f"States.Array({', '.join(arguments)})",
        },
        "ProcessingInputs": [
            _input("plan", "$.run.plan_uri"),
            _input("artifact", "$.training.artifact"),
            # Training's second archive lies beside the first, under the job's name.
            _input("output-data", "States.Format('{}{}/output/output.tar.gz', $.model.output_uri, $.training.job)"),
            _input("validation", _split(prepared.VALIDATION)),
            _input("test", _split(prepared.TEST)),
            _input("champion", "$.model.champion_uri"),
            _code_input(),
        ],
        "ProcessingOutputConfig": _output("$.model.run_uri"),
    }


def train_model(config: AppConfig) -> Parameters:
    """CreateTrainingJob with the merged hyperparameters; checkpoints lie at a prefix that is stable over retries."""
    return {
        "TrainingJobName.$": job_name("$.model.base"),
        "RoleArn": str(Placeholder.TRAINING_ROLE_ARN),
        "AlgorithmSpecification": _algorithm(),
        "HyperParameters.$": "$.hyperparameters.values",
        "InputDataConfig.$": "$.channels.list",
        "OutputDataConfig": _training_output(),
        "ResourceConfig": _resources(config.training.training, "TrainModel", "$.model.training"),
        "StoppingCondition": {"MaxRuntimeInSeconds.$": "$.model.training.max_runtime_seconds"},
        "CheckpointConfig": {"S3Uri.$": "$.model.checkpoints_uri"},
        "Environment": {
            "KENNEL_MANIFEST_ID.$": "$.run.manifest_id",
            "KENNEL_JOB_SUBMITTED.$": "$$.State.EnteredTime",
        },
        **_isolation(config),
    }


def tune_model(config: AppConfig) -> Parameters:
    """CreateHyperParameterTuningJob: trials of the same training job over the model's search space."""
    return {
        "HyperParameterTuningJobName.$": job_name("$.model.base"),
        "HyperParameterTuningJobConfig": {
            "Strategy.$": "$.model.tuning.strategy",
            "HyperParameterTuningJobObjective": {
                "Type.$": "$.model.tuning.goal",
                "MetricName.$": "$.model.tuning.objective",
            },
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs.$": "$.model.tuning.max_jobs",
                "MaxParallelTrainingJobs.$": "$.model.tuning.max_parallel_jobs",
            },
            "ParameterRanges.$": "$.model.tuning.parameter_ranges",
            "TrainingJobEarlyStoppingType.$": "$.model.tuning.early_stopping",
        },
        "TrainingJobDefinition": {
            "RoleArn": str(Placeholder.TRAINING_ROLE_ARN),
            "AlgorithmSpecification": _algorithm(),
            "StaticHyperParameters.$": "$.hyperparameters.values",
            "InputDataConfig.$": "$.channels.list",
            "OutputDataConfig": _training_output(),
            "ResourceConfig": _resources(config.training.training, "TuneModel", "$.model.training"),
            "StoppingCondition": {"MaxRuntimeInSeconds.$": "$.model.training.max_runtime_seconds"},
            **_isolation(config),
        },
    }


def channels(*, pretrained: bool) -> list[Parameters]:
    """InputDataConfig of training jobs and trials. An empty prefix fails a job: `weights` is there only when used."""
    uris = {"train": _split(prepared.TRAIN), "validation": _split(prepared.VALIDATION)}
    if pretrained:
        uris["weights"] = "$.model.weights_uri"
    code = {"S3Uri": f"s3://{Placeholder.CODE_BUCKET}/{Placeholder.CODE_KEY}"}
    sources = {name: {"S3Uri.$": uri} for name, uri in uris.items()} | {"code": code}
    return [
        {
            "ChannelName": name,
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", **source}
            },
        }
        for name, source in sources.items()
    ]


def _split(name: str) -> str:
    return f"States.Format('{{}}{{}}/{name}/', $.run.prepared_uri, $.run.manifest_id)"


def _algorithm() -> Parameters:
    return {
        "TrainingImage": str(Placeholder.TRAINING_IMAGE),
        "TrainingInputMode": "File",
        "MetricDefinitions": metrics.definitions(),
    }


def _training_output() -> Parameters:
    return {"S3OutputPath.$": "$.model.output_uri", "KmsKeyId": str(Placeholder.KEY_ARN)}


def _resources(compute: JobCompute, state: str, size: str) -> Parameters:
    return {
        "InstanceType.$": f"$.recovery.instances.{state}",
        "InstanceCount.$": f"{size}.instance_count",
        "VolumeSizeInGB.$": f"{size}.volume_gb",
        **_volume_key(compute),
    }


def _volume_key(compute: JobCompute) -> Parameters:
    """Types with local disks refuse the field; config keeps a job's fallback types of the same kind."""
    if instances.has_local_storage(compute.instance_type):
        return {}
    return {"VolumeKmsKeyId": str(Placeholder.KEY_ARN)}


def _vpc(config: AppConfig) -> Parameters:
    return {
        "SecurityGroupIds": [str(Placeholder.SECURITY_GROUP_ID)],
        "Subnets": placeholders.subnets(config),
    }


def _isolation(config: AppConfig) -> Parameters:
    if not config.training.isolate:
        return {}
    return {
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "VpcConfig": _vpc(config),
    }


def _processing_job(config: AppConfig, role: Placeholder) -> Parameters:
    job: Parameters = {"RoleArn": str(role)}
    if config.training.isolate:
        job["NetworkConfig"] = _isolation(config)
    return job


def _script(name: str) -> Parameters:
    """The entrypoint unpacks the code archive and runs one of its scripts with the job's arguments."""
    return {"ImageUri": str(Placeholder.JOBS_IMAGE), "ContainerEntrypoint": ["bash", "-c", _UNPACK_AND_RUN, name]}


def _cluster(compute: JobCompute, state: str, size: str) -> Parameters:
    return {"ClusterConfig": _resources(compute, state, size)}


def _input(name: str, uri: str) -> Parameters:
    return _s3_input(name, {"S3Uri.$": uri})


def _code_input() -> Parameters:
    return _s3_input("code", {"S3Uri": f"s3://{Placeholder.CODE_BUCKET}/{Placeholder.CODE_KEY}"})


def _s3_input(name: str, uri: Parameters) -> Parameters:
    return {
        "InputName": name,
        "S3Input": {
            **uri,
            "LocalPath": f"{INPUT}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }


def _output(uri: str) -> Parameters:
    return {
        "Outputs": [
            {
                "OutputName": "output",
                "S3Output": {"S3Uri.$": uri, "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"},
            }
        ],
        "KmsKeyId": str(Placeholder.KEY_ARN),
    }
