"""CreateTrainingJob's request: the fields that are read here. All fields are kept for DescribeTrainingJob."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from localcloud.sagemaker.api.listing import ListQuery
from localcloud.sagemaker.jobs.instance_limits import Instances
from localcloud.sagemaker.jobs.metrics import MetricDefinition
from localcloud.sagemaker.jobs.records import JobRequest
from localcloud.sagemaker.jobs.s3_transfer import S3Source


class S3DataSource(S3Source):
    S3DataType: str


class DataSource(TypedDict, total=False):
    S3DataSource: S3DataSource


class Channel(TypedDict):
    ChannelName: str
    DataSource: DataSource
    ContentType: NotRequired[str]
    InputMode: NotRequired[str]
    CompressionType: NotRequired[str]
    RecordWrapperType: NotRequired[str]


class HyperParameterAlgorithmSpecification(TypedDict):
    """The AlgorithmSpecification of a tuning job's training job definition."""

    TrainingInputMode: str
    TrainingImage: NotRequired[str]
    AlgorithmName: NotRequired[str]
    MetricDefinitions: NotRequired[list[MetricDefinition]]


class AlgorithmSpecification(HyperParameterAlgorithmSpecification):
    ContainerEntrypoint: NotRequired[list[str]]
    ContainerArguments: NotRequired[list[str]]


class ResourceConfig(Instances, total=False):
    VolumeSizeInGB: int


class OutputDataConfig(TypedDict):
    S3OutputPath: str
    CompressionType: NotRequired[str]


class CheckpointConfig(TypedDict):
    S3Uri: str
    LocalPath: NotRequired[str]


class ProfilerConfig(TypedDict, total=False):
    DisableProfiler: bool


class RemoteDebugConfig(TypedDict, total=False):
    EnableRemoteDebug: bool


class TrainingFields(JobRequest):
    """The fields that CreateTrainingJob shares with the training job definition of a tuning job."""

    RoleArn: str
    OutputDataConfig: OutputDataConfig
    ResourceConfig: NotRequired[ResourceConfig]
    InputDataConfig: NotRequired[list[Channel]]
    CheckpointConfig: NotRequired[CheckpointConfig]
    EnableNetworkIsolation: NotRequired[bool]
    EnableInterContainerTrafficEncryption: NotRequired[bool]
    EnableManagedSpotTraining: NotRequired[bool]


class TrainingRequest(TrainingFields):
    TrainingJobName: str
    AlgorithmSpecification: NotRequired[AlgorithmSpecification]
    HyperParameters: NotRequired[dict[str, str]]
    ProfilerConfig: NotRequired[ProfilerConfig]
    RemoteDebugConfig: NotRequired[RemoteDebugConfig]


class TrainingJobName(TypedDict):
    """Requests about one job."""

    TrainingJobName: str


class ListTrainingJobsQuery(ListQuery, total=False):
    WarmPoolStatusEquals: str
    TrainingPlanArnEquals: str
