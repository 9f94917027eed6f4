"""What CreateTransformJob refuses beyond its input shape: by AWS's own rules, or because it is not emulated."""

from __future__ import annotations

from localcloud.sagemaker.api.validation import refusal, validation_error
from localcloud.sagemaker.containers.models import Model, is_multi_model, model_container
from localcloud.sagemaker.jobs.instance_limits import check_instances
from localcloud.sagemaker.jobs.transform.request import TransformRequest

MAX_TOTAL_PAYLOAD_MB = 100  # of all requests that run at the same time

# Field -> its values that take effect; the first is the default.
_SUPPORTED = {
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


def check_transform_request(request: TransformRequest) -> None:
    """Raise ValidationException for a request that cannot run as requested."""
    for field, supported in _SUPPORTED.items():
        value = _lookup(request, field)
        if value is not None and value not in supported:
            remedy = f"use {supported[0]}" if supported[0] else "leave it out"
            raise refusal(f"{field} {value}" if isinstance(value, str) else field, remedy)
    if request["TransformResources"]["InstanceCount"] > 1:
        raise refusal(f"TransformResources.InstanceCount {request['TransformResources']['InstanceCount']}", "use 1")
    check_instances(request["TransformResources"], "TransformResources")
    payload, concurrent = request.get("MaxPayloadInMB"), request.get("MaxConcurrentTransforms") or 1
    if payload == 0:
        raise refusal("MaxPayloadInMB 0 (chunked requests)", "specify the size of the largest object")
    if payload and payload * concurrent > MAX_TOTAL_PAYLOAD_MB:
        raise validation_error(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {payload * concurrent}; "
            f"it must not be greater than {MAX_TOTAL_PAYLOAD_MB}."
        )


def check_model(model: Model) -> None:
    """Raise ValidationException for a model that a transform job cannot run."""
    if is_multi_model(model_container(model)):
        raise validation_error(
            f"Model {model['ModelName']} is a multi-model container: a transform job needs a model with one archive."
        )


def _lookup(request: TransformRequest, path: str) -> object:
    value: object = request
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
