"""What CreateTransformJob refuses beyond its input shape: AWS's own rules, and what is not emulated, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.sagemaker.jobs.cluster import check_cluster
from localcloud.sagemaker.jobs.validation import refusal, validation_error

MAX_TOTAL_PAYLOAD_MB = 100
"""Of all requests that are under way together."""

# Field -> its values that are honoured, the first of them being the default.
_HONOURED = {
    "TransformInput.DataSource.S3DataSource.S3DataType": ("S3Prefix",),
    "TransformInput.CompressionType": ("None",),
    "TransformInput.SplitType": ("None",),
    "TransformResources.TransformAmiVersion": (None,),
    "DataProcessing.InputFilter": ("$",),
    "DataProcessing.OutputFilter": ("$",),
    "DataProcessing.JoinSource": ("None",),
    "DataCaptureConfig": (None,),
    "ExperimentConfig": (None,),
}


def check_transform_request(request: Mapping[str, Any]) -> None:
    """Raise ValidationException for a request that can not run as asked."""
    for field, honoured in _HONOURED.items():
        value = _lookup(request, field)
        if value is not None and value not in honoured:
            remedy = f"use {honoured[0]}" if honoured[0] else "leave it out"
            raise refusal(f"{field} {value}" if isinstance(value, str) else field, remedy)
    if request["TransformResources"]["InstanceCount"] > 1:
        raise refusal(f"TransformResources.InstanceCount {request['TransformResources']['InstanceCount']}", "use 1")
    check_cluster(request["TransformResources"], "TransformResources")
    payload, concurrent = request.get("MaxPayloadInMB"), request.get("MaxConcurrentTransforms") or 1
    if payload == 0:
        raise refusal("MaxPayloadInMB 0 (chunked requests)", "name the size of the largest object")
    if payload and payload * concurrent > MAX_TOTAL_PAYLOAD_MB:
        raise validation_error(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {payload * concurrent}; "
            f"it must not be greater than {MAX_TOTAL_PAYLOAD_MB}."
        )


def check_model(model: Mapping[str, Any]) -> None:
    """Raise ValidationException for a model, as DescribeModel tells it, that no transform job can run."""
    container = model_container(model)
    if container.get("Mode", "SingleModel") == "MultiModel":
        raise validation_error(
            f"Model {model['ModelName']} is a multi-model container: a transform job needs a model with one archive."
        )


def model_container(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition of a model's one container."""
    return model.get("PrimaryContainer") or model["Containers"][0]


def _lookup(request: Mapping[str, Any], path: str) -> Any:
    value: Any = request
    for name in path.split("."):
        value = (value or {}).get(name)
    return value
