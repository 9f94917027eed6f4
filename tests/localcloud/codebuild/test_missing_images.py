"""SageMaker does not take an image of the account's registry that nobody pushed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud import ImageCommand

from .conftest import HOST, LOGIN, PLAIN, Room

ROLE = "arn:aws:iam::123456789012:role/jobs"
MISSING = f"{HOST}/nowhere:1"


@pytest.fixture(scope="module")
def local_cloud_images() -> Sequence[ImageCommand]:
    return (ImageCommand("*/given:*", "serving", given=True), ImageCommand("*", "serving"))


def request(kind: str, image: str) -> dict[str, Any]:
    """A request that is right but for its image."""
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    training = {
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://sources/out"},
        "ResourceConfig": resources,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    if kind == "training":
        return {"TrainingJobName": "t", **training}
    if kind == "processing":
        cluster = {"ProcessingResources": {"ClusterConfig": resources}}
        return {"ProcessingJobName": "p", "AppSpecification": {"ImageUri": image}, "RoleArn": ROLE, **cluster}
    if kind == "tuning":
        goal = {"Type": "Maximize", "MetricName": "a"}
        training["AlgorithmSpecification"] |= {"MetricDefinitions": [{"Name": "a", "Regex": "a=(.*);"}]}  # type: ignore[operator]
        config = {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": goal,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0.1", "MaxValue": "1"}]},
        }
        return {
            "HyperParameterTuningJobName": "h",
            "HyperParameterTuningJobConfig": config,
            "TrainingJobDefinition": training,
        }
    return {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": image}}


OPERATIONS = {
    "training": "create_training_job",
    "processing": "create_processing_job",
    "tuning": "create_hyper_parameter_tuning_job",
    "model": "create_model",
}


@pytest.mark.parametrize("kind", OPERATIONS)
def test_an_image_that_nobody_pushed_is_refused(room: Room, kind: str) -> None:
    call = getattr(boto3.client("sagemaker"), OPERATIONS[kind])
    with pytest.raises(ClientError, match=f"Requested image {MISSING} not found"):
        call(**request(kind, MISSING))


def test_a_tag_is_there_once_it_is_pushed(room: Room) -> None:
    sagemaker, name = boto3.client("sagemaker"), room.repository()
    uri = f"{HOST}/{name}:1"
    with pytest.raises(ClientError, match="not found"):
        sagemaker.create_model(**{**request("model", uri), "ModelName": "pushed"})
    files = {"Dockerfile": "FROM scratch\n"}
    assert (
        room.run({"build": [LOGIN, f"{PLAIN} -t {uri} .", f"docker push {uri}"]}, files)["buildStatus"] == "SUCCEEDED"
    )
    sagemaker.create_model(**{**request("model", uri), "ModelName": "pushed"})
    with pytest.raises(ClientError, match="not found"):
        sagemaker.create_model(**{**request("model", f"{HOST}/{name}:2"), "ModelName": "other"})


@pytest.mark.parametrize(
    "image",
    [f"{HOST}/given:1", "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13", "public.ecr.aws/x/y:1"],
)
def test_images_of_the_table_and_of_others_are_taken_as_there(room: Room, image: str) -> None:
    name = image.split("/")[-1].replace(":", "-").replace(".", "-")
    boto3.client("sagemaker").create_model(**{**request("model", image), "ModelName": name})
