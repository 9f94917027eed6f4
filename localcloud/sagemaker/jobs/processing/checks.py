"""What CreateProcessingJob refuses beyond its input shape: AWS's own rules, and what is not emulated, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.sagemaker.jobs.cluster import check_cluster
from localcloud.sagemaker.jobs.opt_ml import check_container_path
from localcloud.sagemaker.jobs.validation import refusal, validation_error


def check_processing_request(request: Mapping[str, Any]) -> None:
    """Raise ValidationException for a request that can not run as asked."""
    cluster = request["ProcessingResources"]["ClusterConfig"]
    if cluster.get("InstancePreferences"):
        raise refusal("ClusterConfig.InstancePreferences", "name one InstanceType")
    if not cluster.get("InstanceType") or not cluster.get("InstanceCount"):
        raise validation_error("You must specify InstanceType and InstanceCount in ClusterConfig.")
    check_cluster(cluster, "ClusterConfig")
    inputs = request.get("ProcessingInputs", [])
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    _check_unique("InputName", inputs)
    _check_unique("OutputName", outputs)
    for entry in inputs:
        _check_input(entry)
    for entry in outputs:
        _check_output(entry)


def _check_unique(field: str, entries: list[dict[str, Any]]) -> None:
    names = [entry[field] for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise validation_error(f"Duplicate {field} {name}: names must be unique.")


def _check_input(entry: Mapping[str, Any]) -> None:
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


def _check_output(entry: Mapping[str, Any]) -> None:
    where = f"in processing output {entry['OutputName']}"
    if entry.get("AppManaged"):
        raise refusal(f"AppManaged {where}", "leave it out")
    target = entry.get("S3Output")
    if target is None or entry.get("FeatureStoreOutput"):
        raise refusal(f"a target other than S3Output {where}", "use S3Output")
    if "LocalPath" not in target:
        raise validation_error(f"LocalPath is required {where}.")
    check_container_path(target["LocalPath"], f"LocalPath {where}")
