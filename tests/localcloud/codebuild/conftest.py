"""Creates projects from phases, and runs builds to their end."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from localcloud import orders
from localcloud.codebuild import capacity
from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

ROLE = "arn:aws:iam::123456789012:role/builder"
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
LOGIN = f"aws ecr get-login-password | docker login --username AWS --password-stdin {HOST}"
PLAIN = "docker build --provenance=false --output type=docker"


class Room:
    """Projects and builds of one local cloud."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.codebuild = boto3.client("codebuild")
        self.s3 = boto3.client("s3")
        self.ecr = boto3.client("ecr")
        self.s3.create_bucket(Bucket="sources")
        self._numbers = itertools.count()

    def project(self, phases: Mapping[str, Any], files: Mapping[str, str] | None = None, **fields: Any) -> str:
        """A new project; `files` are its source. Values of `phases` are lists of commands, or whole phases."""
        name = f"project-{next(self._numbers)}"
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for path, text in (files or {"README": "here"}).items():
                archive.writestr(path, text)
        self.s3.put_object(Bucket="sources", Key=f"{name}.zip", Body=content.getvalue())
        given = {key: {"commands": value} if isinstance(value, list) else value for key, value in phases.items()}
        environment = {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": True,
            "environmentVariables": [{"name": "COLOUR", "value": "green"}],
        }
        buildspec = json.dumps({"version": "0.2", "phases": given})
        request = {
            "source": {"type": "S3", "location": f"sources/{name}.zip", "buildspec": buildspec},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": environment,
            "serviceRole": ROLE,
            **fields,
        }
        self.codebuild.create_project(name=name, **request)
        return name

    def start(self, project: str, **options: Any) -> str:
        build_id: str = self.codebuild.start_build(projectName=project, **options)["build"]["id"]
        return build_id

    def ended(self, build_id: str, seconds: float = 120) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not (build := self.describe(build_id))["buildComplete"]:
            assert time.monotonic() < deadline, build
            time.sleep(0.05)
        return build

    def describe(self, build_id: str) -> dict[str, Any]:
        (build,) = self.codebuild.batch_get_builds(ids=[build_id])["builds"]
        return build

    def run(self, phases: Mapping[str, Any], files: Mapping[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        return self.ended(self.start(self.project(phases, files, **fields)))

    def log(self, build: Mapping[str, Any]) -> list[str]:
        logs = boto3.client("logs")
        place = build["logs"]
        events = logs.get_log_events(
            logGroupName=place["groupName"], logStreamName=place["streamName"], startFromHead=True
        )["events"]
        return [event["message"] for event in events]

    def printed(self, build: Mapping[str, Any]) -> list[str]:
        """What the commands printed."""
        return [line for line in self.log(build) if not line.startswith("[Container]")]

    def capacity(self, **values: Any) -> None:
        orders.order(self.url + capacity.PATH, values)

    def repository(self, **options: Any) -> str:
        name = f"things/part-{next(self._numbers)}"
        self.ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE", **options)
        return name


def phase_of(build: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    return next((phase for phase in build["phases"] if phase["phaseType"] == kind), None)


@pytest.fixture(scope="module")
def room(local_cloud: Any) -> Room:
    return Room(local_cloud.url)


@pytest.fixture(autouse=True)
def usual_capacity(local_cloud: Any) -> Iterator[None]:
    yield
    orders.order(local_cloud.url + capacity.PATH, method="DELETE")
