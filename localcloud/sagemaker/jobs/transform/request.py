"""CreateTransformJob's request: the fields that are read here. All fields are kept for DescribeTransformJob."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from localcloud.sagemaker.jobs.instance_limits import Instances
from localcloud.sagemaker.jobs.records import JobRequest


class S3DataSource(TypedDict):
    S3DataType: str
    S3Uri: str


class DataSource(TypedDict):
    S3DataSource: S3DataSource


class TransformInput(TypedDict):
    DataSource: DataSource
    ContentType: NotRequired[str]


class TransformOutput(TypedDict):
    S3OutputPath: str
    Accept: NotRequired[str]
    AssembleWith: NotRequired[str]


class ModelClientConfig(TypedDict, total=False):
    InvocationsTimeoutInSeconds: int
    InvocationsMaxRetries: int


class TransformRequest(JobRequest):
    TransformJobName: str
    ModelName: str
    TransformInput: TransformInput
    TransformOutput: TransformOutput
    TransformResources: Instances
    BatchStrategy: NotRequired[str]
    MaxConcurrentTransforms: NotRequired[int]
    MaxPayloadInMB: NotRequired[int]
    ModelClientConfig: NotRequired[ModelClientConfig]


class TransformJobName(TypedDict):
    """Requests about one job."""

    TransformJobName: str
