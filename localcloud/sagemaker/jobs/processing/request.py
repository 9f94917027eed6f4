"""CreateProcessingJob's request: the fields that are read here. All fields are kept for DescribeProcessingJob."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from localcloud.sagemaker.jobs.instance_limits import Instances
from localcloud.sagemaker.jobs.records import JobRequest
from localcloud.sagemaker.jobs.s3_transfer import S3Source


class S3Input(S3Source):
    S3DataType: str
    LocalPath: NotRequired[str]
    S3InputMode: NotRequired[str]
    S3CompressionType: NotRequired[str]


class ProcessingInput(TypedDict):
    InputName: str
    S3Input: NotRequired[S3Input]
    DatasetDefinition: NotRequired[object]
    AppManaged: NotRequired[bool]


class S3Output(TypedDict):
    S3Uri: str
    S3UploadMode: str
    LocalPath: NotRequired[str]


class ProcessingOutput(TypedDict):
    OutputName: str
    S3Output: NotRequired[S3Output]
    FeatureStoreOutput: NotRequired[object]
    AppManaged: NotRequired[bool]


class ProcessingOutputConfig(TypedDict):
    Outputs: list[ProcessingOutput]


class ClusterConfig(Instances, total=False):
    InstancePreferences: object


class ProcessingResources(TypedDict):
    ClusterConfig: ClusterConfig


class AppSpecification(TypedDict):
    ImageUri: str
    ContainerEntrypoint: NotRequired[list[str]]
    ContainerArguments: NotRequired[list[str]]


class NetworkConfig(TypedDict, total=False):
    EnableNetworkIsolation: bool


class ProcessingRequest(JobRequest):
    ProcessingJobName: str
    RoleArn: str
    AppSpecification: AppSpecification
    ProcessingResources: ProcessingResources
    ProcessingInputs: NotRequired[list[ProcessingInput]]
    ProcessingOutputConfig: NotRequired[ProcessingOutputConfig]
    NetworkConfig: NotRequired[NetworkConfig]


class ProcessingJobName(TypedDict):
    """Requests about one job."""

    ProcessingJobName: str
