"""What CreateTrainingJob refuses beyond its input shape: by AWS's own rules, or because it is not emulated."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.sagemaker.api.validation import refusal, validation_error
from localcloud.sagemaker.jobs.instance_limits import DEFAULT_MAX_RUNTIME_SECONDS, check_instances
from localcloud.sagemaker.jobs.metrics import compile_definitions
from localcloud.sagemaker.jobs.opt_ml import check_container_path
from localcloud.sagemaker.jobs.records import StoppingCondition
from localcloud.sagemaker.jobs.training.request import (
    AlgorithmSpecification,
    Channel,
    ResourceConfig,
    TrainingRequest,
)

# Field -> what to do instead. All other fields of the shape take effect, or can be ignored without harm.
NOT_EMULATED = {
    "DebugHookConfig": "leave it out; SageMaker Debugger is not available to new AWS accounts either",
    "DebugRuleConfigurations": "leave it out",
    "TensorBoardOutputConfig": "leave it out and write event files to /opt/ml/output/data",
    "ProfilerRuleConfigurations": "leave it out",
    "ServerlessJobConfig": "leave it out",
    "MlflowConfig": "leave it out",
    "ModelPackageConfig": "leave it out and call CreateModelPackage",
    "SessionChainingConfig": "leave it out",
}
RESOURCE_FIELDS_NOT_EMULATED = (
    "InstanceGroups",
    "KeepAlivePeriodInSeconds",
    "TrainingPlanArn",
    "InstancePlacementConfig",
    "InstancePreferences",
)


def check_training_request(request: TrainingRequest) -> None:
    """Raise ValidationException for a request that cannot run as requested."""
    for field, remedy in NOT_EMULATED.items():
        if request.get(field):
            raise refusal(field, remedy)
    profiler = request.get("ProfilerConfig", {})
    if profiler and not profiler.get("DisableProfiler"):
        raise refusal("ProfilerConfig", "leave it out or set DisableProfiler")
    if request.get("RemoteDebugConfig", {}).get("EnableRemoteDebug"):
        raise refusal("RemoteDebugConfig", "leave it out; the job runs on this machine")
    _check_algorithm(request.get("AlgorithmSpecification"))
    _check_resources(request.get("ResourceConfig"))
    _check_stopping_condition(
        request.get("StoppingCondition", {}), spot=request.get("EnableManagedSpotTraining", False)
    )
    _check_channels(request.get("InputDataConfig", []))
    if checkpoints := request.get("CheckpointConfig"):
        check_container_path(checkpoints.get("LocalPath", "/opt/ml/checkpoints"), "CheckpointConfig.LocalPath")


def _check_algorithm(algorithm: AlgorithmSpecification | None) -> None:
    if algorithm is None:
        raise validation_error("You must specify an AlgorithmSpecification.")
    if algorithm.get("AlgorithmName"):
        raise refusal("AlgorithmSpecification.AlgorithmName", "specify a TrainingImage")
    if not algorithm.get("TrainingImage"):
        raise validation_error("You must specify either a TrainingImage or an AlgorithmName in AlgorithmSpecification.")
    if algorithm["TrainingInputMode"] == "Pipe":
        raise refusal("TrainingInputMode Pipe", "use File or FastFile")
    compile_definitions(algorithm.get("MetricDefinitions", []))


def _check_resources(resources: ResourceConfig | None) -> None:
    if resources is None:
        raise validation_error("You must specify a ResourceConfig.")
    for field in RESOURCE_FIELDS_NOT_EMULATED:
        if resources.get(field):
            raise refusal(f"ResourceConfig.{field}", "leave it out")
    if not resources.get("InstanceType") or not resources.get("InstanceCount"):
        raise validation_error("You must specify InstanceType and an InstanceCount of at least 1 in ResourceConfig.")
    check_instances(resources, "ResourceConfig")
    if not resources.get("VolumeSizeInGB"):
        raise validation_error("You must specify a VolumeSizeInGB of at least 1 in ResourceConfig.")


def _check_stopping_condition(condition: StoppingCondition, *, spot: bool) -> None:
    max_wait = condition.get("MaxWaitTimeInSeconds")
    if not spot and max_wait is not None:
        raise validation_error(
            "Invalid MaxWaitTimeInSeconds. It can be specified only when EnableManagedSpotTraining is set to true."
        )
    if spot and (max_wait is None or max_wait < condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS)):
        raise validation_error(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )


def _check_channels(channels: Sequence[Channel]) -> None:
    names = [channel["ChannelName"] for channel in channels]
    for name in names:
        if names.count(name) > 1:
            raise validation_error(f"Duplicate channel name {name} in InputDataConfig: channel names must be unique.")
    for channel in channels:
        where = f"in channel {channel['ChannelName']}"
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise refusal(f"a DataSource other than S3DataSource {where}", "use S3DataSource")
        if source["S3DataType"] != "S3Prefix":
            raise refusal(f"S3DataType {source['S3DataType']} {where}", "use S3Prefix")
        if channel.get("InputMode") == "Pipe":
            raise refusal(f"InputMode Pipe {where}", "use File or FastFile")
        if channel.get("CompressionType", "None") != "None" or channel.get("RecordWrapperType", "None") != "None":
            raise refusal(f"CompressionType and RecordWrapperType {where}", "leave them out")
