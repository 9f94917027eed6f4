"""What CreateModel and CreateEndpointConfig refuse beyond their input shapes."""

from __future__ import annotations

from botocore.client import BaseClient

from localcloud.context import Cloud
from localcloud.sagemaker.api.images import check_image
from localcloud.sagemaker.api.validation import refusal, validation_error
from localcloud.sagemaker.containers.models import Model, is_multi_model
from localcloud.sagemaker.endpoints.models_and_configs import RecordStore
from localcloud.sagemaker.endpoints.requests import EndpointConfig


def check_model(request: Model, cloud: Cloud) -> None:
    """Refuse a model that SageMaker or the local cloud cannot host, or whose prefix of archives is empty."""
    primary = [request["PrimaryContainer"]] if "PrimaryContainer" in request else []
    containers = [*primary, *request.get("Containers", [])]
    if len(containers) != 1:
        raise refusal("CreateModel with Containers", "a model has exactly one container here")
    container = containers[0]
    for name in ("ModelDataSource", "ModelPackageName", "AdditionalModelDataSources", "InferenceSpecificationName"):
        if name in container:
            raise refusal(f"CreateModel with {name}", "give Image and ModelDataUrl")
    if "Image" not in container:
        raise validation_error("Image is required in a container definition.")
    if is_multi_model(container) and not container.get("ModelDataUrl", "").startswith("s3://"):
        raise validation_error("A multi-model container needs ModelDataUrl: the S3 prefix of its archives.")
    check_image(cloud, container["Image"], request.get("ExecutionRoleArn"))
    # Whether the service looks when the prefix is of many models is not documented: this is the stricter reading.
    if is_multi_model(container) and not _has_objects(cloud.client("s3"), container["ModelDataUrl"]):
        raise validation_error(f"Could not find model data at {container['ModelDataUrl']}.")


def _has_objects(s3: BaseClient, url: str) -> bool:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    try:
        return bool(s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["KeyCount"])
    except s3.exceptions.NoSuchBucket:
        return False


def check_endpoint_config(request: EndpointConfig, models: RecordStore[Model]) -> None:
    """Refuse a configuration that the local cloud cannot host, or whose model does not exist."""
    for name in ("AsyncInferenceConfig", "ShadowProductionVariants", "ExplainerConfig"):
        if request.get(name):
            raise refusal(f"CreateEndpointConfig with {name}", "leave it out")
    if request.get("DataCaptureConfig", {}).get("EnableCapture"):
        raise refusal("CreateEndpointConfig with DataCaptureConfig", "set EnableCapture to false")
    if len(request["ProductionVariants"]) != 1:
        raise refusal("CreateEndpointConfig with several ProductionVariants", "give one variant")
    variant = request["ProductionVariants"][0]
    for name in ("ServerlessConfig", "ManagedInstanceScaling"):
        if name in variant:
            raise refusal(f"CreateEndpointConfig with {name}", "give InstanceType and InitialInstanceCount")
    if "ModelName" not in variant:
        raise refusal("CreateEndpointConfig with inference components", "give ModelName")
    for name in ("InstanceType", "InitialInstanceCount"):
        if name not in variant:
            raise validation_error(f"{name} is required for variant {variant['VariantName']}.")
    models.get(variant["ModelName"])
