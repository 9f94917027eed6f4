"""What CreateProcessingJob refuses beyond its input shape: by AWS's own rules, or because it is not emulated."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.sagemaker.api.validation import refusal, validation_error
from localcloud.sagemaker.jobs.instance_limits import check_instances
from localcloud.sagemaker.jobs.opt_ml import check_container_path
from localcloud.sagemaker.jobs.processing.request import ProcessingInput, ProcessingOutput, ProcessingRequest


def check_processing_request(request: ProcessingRequest) -> None:
    """Raise ValidationException for a request that cannot run as requested."""
    cluster = request["ProcessingResources"]["ClusterConfig"]
    if cluster.get("InstancePreferences"):
        raise refusal("ClusterConfig.InstancePreferences", "specify one InstanceType")
    if not cluster.get("InstanceType") or not cluster.get("InstanceCount"):
        raise validation_error("You must specify InstanceType and InstanceCount in ClusterConfig.")
    check_instances(cluster, "ClusterConfig")
    inputs, outputs = request.get("ProcessingInputs", []), requested_outputs(request)
    _check_unique("InputName", [source["InputName"] for source in inputs])
    _check_unique("OutputName", [target["OutputName"] for target in outputs])
    for source in inputs:
        _check_input(source)
    for target in outputs:
        _check_output(target)


def requested_outputs(request: ProcessingRequest) -> list[ProcessingOutput]:
    config = request.get("ProcessingOutputConfig")
    return config["Outputs"] if config else []


def _check_unique(field: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise validation_error(f"Duplicate {field} {name}: names must be unique.")


def _check_input(entry: ProcessingInput) -> None:
    where = f"in processing input {entry['InputName']}"
    if entry.get("AppManaged"):
        raise refusal(f"AppManaged {where}", "leave it out")
    source = entry.get("S3Input")
    if source is None or entry.get("DatasetDefinition"):
        raise refusal(f"a source other than S3Input {where}", "use S3Input")
    if source["S3DataType"] != "S3Prefix":
        raise refusal(f"S3DataType {source['S3DataType']} {where}", "use S3Prefix")
    if source.get("S3InputMode", "File") != "File":
        raise refusal(f"S3InputMode {source['S3InputMode']} {where}", "use File")
    if source.get("S3CompressionType", "None") != "None":
        raise refusal(f"S3CompressionType {source['S3CompressionType']} {where}", "leave it out")
    if "LocalPath" not in source:
        raise validation_error(f"LocalPath is required {where}.")
    check_container_path(source["LocalPath"], f"LocalPath {where}")


def _check_output(entry: ProcessingOutput) -> None:
    where = f"in processing output {entry['OutputName']}"
    if entry.get("AppManaged"):
        raise refusal(f"AppManaged {where}", "leave it out")
    target = entry.get("S3Output")
    if target is None or entry.get("FeatureStoreOutput"):
        raise refusal(f"a target other than S3Output {where}", "use S3Output")
    if "LocalPath" not in target:
        raise validation_error(f"LocalPath is required {where}.")
    check_container_path(target["LocalPath"], f"LocalPath {where}")
