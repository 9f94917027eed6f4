"""Requests about endpoint configurations and endpoints: the fields that are read here."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from localcloud.sagemaker.api.tags import Tag


class ProductionVariant(TypedDict):
    VariantName: str
    ModelName: NotRequired[str]
    InstanceType: NotRequired[str]
    InitialInstanceCount: NotRequired[int]
    ContainerStartupHealthCheckTimeoutInSeconds: NotRequired[int]
    ModelDataDownloadTimeoutInSeconds: NotRequired[int]


class DataCaptureConfig(TypedDict, total=False):
    EnableCapture: bool


class EndpointConfig(TypedDict):
    """CreateEndpointConfig's request. All fields are kept for DescribeEndpointConfig."""

    EndpointConfigName: str
    ProductionVariants: list[ProductionVariant]
    DataCaptureConfig: NotRequired[DataCaptureConfig]
    Tags: NotRequired[list[Tag]]


class CapacitySize(TypedDict):
    """Type: INSTANCE_COUNT or CAPACITY_PERCENT."""

    Type: str
    Value: int


class TrafficRouting(TypedDict):
    """Type: ALL_AT_ONCE, CANARY or LINEAR."""

    Type: str
    WaitIntervalInSeconds: int
    CanarySize: NotRequired[CapacitySize]
    LinearStepSize: NotRequired[CapacitySize]


class BlueGreenUpdatePolicy(TypedDict):
    TrafficRoutingConfiguration: TrafficRouting


class Alarm(TypedDict, total=False):
    AlarmName: str


class AutoRollbackConfiguration(TypedDict, total=False):
    Alarms: list[Alarm]


class DeploymentConfig(TypedDict, total=False):
    BlueGreenUpdatePolicy: BlueGreenUpdatePolicy
    AutoRollbackConfiguration: AutoRollbackConfiguration


class EndpointName(TypedDict):
    """Requests about one endpoint."""

    EndpointName: str


class CreateEndpointRequest(EndpointName):
    EndpointConfigName: str
    DeploymentConfig: NotRequired[DeploymentConfig]
    Tags: NotRequired[list[Tag]]


class UpdateEndpointRequest(EndpointName):
    EndpointConfigName: str
    DeploymentConfig: NotRequired[DeploymentConfig]
    RetainDeploymentConfig: NotRequired[bool]
