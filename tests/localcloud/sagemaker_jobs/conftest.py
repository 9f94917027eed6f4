"""One local cloud for the job tests, a bucket in it, and requests that differ only in what a test is about."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud import ImageCommand, LocalCloud

from .job_helpers import BUCKET, ROLE, TRAINING_IMAGE, archive, channel

TRANSFORM_SERVER = Path(__file__).with_name("transform_server.py")
IMAGES = [
    ImageCommand("*/pytorch:*", "training"),
    ImageCommand("*/jobs:*", "processing", given=True),
    ImageCommand("*/single:*", "serving", (sys.executable, str(TRANSFORM_SERVER)), given=True),
]


@pytest.fixture(scope="package")
def local_cloud() -> Iterator[LocalCloud]:
    with LocalCloud(images=IMAGES, max_jobs=2) as cloud:
        cloud.cloud.client("s3").create_bucket(Bucket=BUCKET)
        yield cloud


@pytest.fixture
def client(local_cloud: LocalCloud) -> Callable[[str], Any]:
    return local_cloud.cloud.client


@pytest.fixture
def sagemaker(client: Callable[[str], Any]) -> Any:
    return client("sagemaker")


@pytest.fixture
def s3(client: Callable[[str], Any]) -> Any:
    return client("s3")


@pytest.fixture
def training_request(s3: Any) -> Callable[..., dict[str, Any]]:
    """(name, source of train.py, fields that differ) -> a CreateTrainingJob request; the code is a `code` channel."""

    def make(name: str, source: str, **fields: Any) -> dict[str, Any]:
        files = {"train.py": source, **fields.pop("files", {})}
        s3.put_object(Bucket=BUCKET, Key=f"code/{name}/0123abcd.gz", Body=archive(files))
        channels = [channel("code", f"code/{name}/0123abcd.gz"), *fields.pop("channels", [])]
        hyperparameters = {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "/opt/ml/input/data/code/0123abcd.gz",
            **fields.pop("HyperParameters", {}),
        }
        return {
            "TrainingJobName": name,
            "AlgorithmSpecification": {
                "TrainingImage": TRAINING_IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:accuracy", "Regex": r"validation:accuracy=([0-9.e+-]+);"}],
            },
            "HyperParameters": hyperparameters,
            "InputDataConfig": channels,
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **fields,
        }

    return make


@pytest.fixture
def shell_request(training_request: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """(name, shell line, fields that differ) -> a request whose container runs the line, without the toolkit."""

    def make(name: str, line: str, **fields: Any) -> dict[str, Any]:
        request = training_request(name, "", **fields)
        request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["sh", "-c", line]
        return request

    return make
