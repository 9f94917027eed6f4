"""CreateHyperParameterTuningJob's request: the fields that are read here. All fields are kept for describe answers."""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

from localcloud.sagemaker.api.listing import ListQuery
from localcloud.sagemaker.jobs.records import JobRequest
from localcloud.sagemaker.jobs.training.request import HyperParameterAlgorithmSpecification, TrainingFields

NAME: Final = "HyperParameterTuningJobName"


class Objective(TypedDict):
    """Type: Maximize or Minimize."""

    Type: str
    MetricName: str


class ResourceLimits(TypedDict):
    MaxParallelTrainingJobs: int
    MaxNumberOfTrainingJobs: NotRequired[int]
    MaxRuntimeInSeconds: NotRequired[int]


class NumericParameterRange(TypedDict):
    """MinValue and MaxValue are numbers as text."""

    Name: str
    MinValue: str
    MaxValue: str
    ScalingType: NotRequired[str]


class CategoricalParameterRange(TypedDict):
    Name: str
    Values: list[str]


class ParameterRanges(TypedDict, total=False):
    IntegerParameterRanges: list[NumericParameterRange]
    ContinuousParameterRanges: list[NumericParameterRange]
    CategoricalParameterRanges: list[CategoricalParameterRange]
    AutoParameters: list[object]


class HyperbandStrategyConfig(TypedDict, total=False):
    MinResource: int
    MaxResource: int


class StrategyConfig(TypedDict, total=False):
    HyperbandStrategyConfig: HyperbandStrategyConfig


class TuningJobConfig(TypedDict):
    Strategy: str
    ResourceLimits: ResourceLimits
    HyperParameterTuningJobObjective: NotRequired[Objective]
    ParameterRanges: NotRequired[ParameterRanges]
    StrategyConfig: NotRequired[StrategyConfig]
    TrainingJobEarlyStoppingType: NotRequired[str]
    RandomSeed: NotRequired[int]


class TrainingJobDefinition(TrainingFields):
    AlgorithmSpecification: HyperParameterAlgorithmSpecification
    StaticHyperParameters: NotRequired[dict[str, str]]


class ParentTuningJob(TypedDict, total=False):
    HyperParameterTuningJobName: str


class WarmStartConfig(TypedDict):
    ParentHyperParameterTuningJobs: list[ParentTuningJob]
    WarmStartType: str


class TuningRequest(JobRequest):
    HyperParameterTuningJobName: str
    HyperParameterTuningJobConfig: TuningJobConfig
    TrainingJobDefinition: NotRequired[TrainingJobDefinition]
    WarmStartConfig: NotRequired[WarmStartConfig]


class TuningJobName(TypedDict):
    """Requests about one job."""

    HyperParameterTuningJobName: str


class ListTrialsQuery(ListQuery):
    """SortBy may also be FinalObjectiveMetricValue."""

    HyperParameterTuningJobName: str
