"""The parameters of the processing jobs: PrepareDataset, MergeManifest and EvaluateModel.

Only EvaluateModel gets the test split.
"""

from __future__ import annotations

from config.app import AppConfig
from config.compute import JobCompute
from imgcls.contract import prepared
from pipeline.job_fields import Parameters, isolation, resources, split
from pipeline.names import job_name
from pipeline.placeholders import Placeholder

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"

_MESSAGE = ("--message", prepared.EXIT_MESSAGE_FILE)
UNPACK_AND_RUN = (
    f'mkdir -p /opt/ml/code && tar -xzf {INPUT}/code/*.gz -C /opt/ml/code && exec python3 "/opt/ml/code/$0" "$@"'
)


def prepare_dataset(config: AppConfig) -> Parameters:
    """CreateProcessingJob: check, split and pack the data set into `prepared/<manifest id>/`.

    With several instances, each scans a share of the files, and MergeManifest does the rest.
    """
    several = config.preparation.instance_count > 1
    ending = ("--part-of", "/opt/ml/config/resourceconfig.json") if several else _MESSAGE
    return {
        **_preparation_job(config, "PrepareDataset", ending),
        "ProcessingInputs": [
            _input("dataset", "$.plan.dataset_uri", "ShardedByS3Key" if several else "FullyReplicated"),
            _input("plan", "$.plan.plan_uri"),
            _code_input(),
        ],
        "ProcessingOutputConfig": _output("$.plan.parts_uri" if several else "$.plan.prepared_uri"),
    }


def merge_manifest(config: AppConfig) -> Parameters:
    """CreateProcessingJob: merge the scans of several instances, then split and pack, as one instance would."""
    job = _preparation_job(config, "MergeManifest", ("--parts", f"{INPUT}/parts", *_MESSAGE))
    cluster = job["ProcessingResources"]["ClusterConfig"]
    del cluster["InstanceCount.$"]
    return {
        **job,
        "ProcessingResources": {"ClusterConfig": {**cluster, "InstanceCount": 1}},
        "ProcessingInputs": [
            _input("dataset", "$.plan.dataset_uri"),
            _input("plan", "$.plan.plan_uri"),
            _input("parts", "$.plan.parts_uri"),
            _code_input(),
        ],
        "ProcessingOutputConfig": _output("$.plan.prepared_uri"),
    }


def evaluate_model(config: AppConfig) -> Parameters:
    """CreateProcessingJob: export the graph, and score it and the published model on the locked test split."""
    folders = ("artifact", "output-data", "validation", "test", "champion")
    arguments = ["'--plan'", f"'{INPUT}/plan'", "'--model'", "$.model.name"]
    arguments += [f"'{text}'" for folder in folders for text in (f"--{folder}", f"{INPUT}/{folder}")]
    arguments += ["'--output'", f"'{OUTPUT}'", "'--message'", f"'{prepared.EXIT_MESSAGE_FILE}'"]
    return {
        **_processing_job(config, Placeholder.EVALUATION_ROLE_ARN, config.evaluation),
        "ProcessingJobName.$": job_name("$.model.base"),
        "ProcessingResources": _cluster(config.evaluation, "EvaluateModel", "$.model.evaluation"),
        "StoppingCondition": {"MaxRuntimeInSeconds.$": "$.model.evaluation.max_runtime_seconds"},
        "AppSpecification": {
            **_script("evaluate.py"),
            "ContainerArguments.$": f"States.Array({', '.join(arguments)})",
        },
        "ProcessingInputs": [
            _input("plan", "$.run.plan_uri"),
            _input("artifact", "$.training.artifact"),
            _input("output-data", "$.training.records"),
            _input("validation", split(prepared.VALIDATION)),
            _input("test", split(prepared.TEST)),
            _input("champion", "$.champion.uri"),
            _code_input(),
        ],
        "ProcessingOutputConfig": _output("$.model.run_uri"),
    }


def _processing_job(config: AppConfig, role: Placeholder, compute: JobCompute) -> Parameters:
    job: Parameters = {"RoleArn": str(role)}
    if config.pipeline.isolate:
        job["NetworkConfig"] = isolation(config, instances=compute.instance_count)
    return job


def _preparation_job(config: AppConfig, state: str, ending: tuple[str, ...]) -> Parameters:
    """prepare.py with the plan and the data set; `ending` are its last arguments."""
    folders = ("--plan", f"{INPUT}/plan", "--dataset", f"{INPUT}/dataset", "--output", OUTPUT)
    return {
        **_processing_job(config, Placeholder.PREPARATION_ROLE_ARN, config.preparation),
        "ProcessingJobName.$": job_name("$.plan.base"),
        "ProcessingResources": _cluster(config.preparation, state, "$.plan.preparation"),
        "StoppingCondition": {"MaxRuntimeInSeconds.$": "$.plan.preparation.max_runtime_seconds"},
        "AppSpecification": {**_script("prepare.py"), "ContainerArguments": [*folders, *ending]},
    }


def _script(name: str) -> Parameters:
    """An entrypoint that unpacks the code archive and runs one of its scripts with the job's arguments."""
    return {"ImageUri": str(Placeholder.JOBS_IMAGE), "ContainerEntrypoint": ["bash", "-c", UNPACK_AND_RUN, name]}


def _cluster(compute: JobCompute, state: str, size: str) -> Parameters:
    return {"ClusterConfig": resources(compute, state, size)}


def _input(name: str, uri: str, distribution: str = "FullyReplicated") -> Parameters:
    return _s3_input(name, {"S3Uri.$": uri}, distribution)


def _code_input() -> Parameters:
    return _s3_input("code", {"S3Uri": f"s3://{Placeholder.CODE_BUCKET}/{Placeholder.CODE_KEY}"})


def _s3_input(name: str, uri: Parameters, distribution: str = "FullyReplicated") -> Parameters:
    return {
        "InputName": name,
        "S3Input": {
            **uri,
            "LocalPath": f"{INPUT}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": distribution,
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
