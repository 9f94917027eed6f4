"""The shapes of CodeBuild's requests that are read here."""

from __future__ import annotations

import datetime
from typing import NotRequired, TypedDict


class Variable(TypedDict):
    name: str
    value: str
    type: NotRequired[str]


class Environment(TypedDict, total=False):
    """`privilegedMode`: whether builds may use Docker."""

    type: str
    image: str
    computeType: str
    privilegedMode: bool
    environmentVariables: list[Variable]


class Source(TypedDict, total=False):
    """location: for type S3 `bucket/key` of a zip archive. buildspec: YAML or JSON, or the name of a file."""

    type: str
    location: str
    buildspec: str


class CloudWatchLogs(TypedDict, total=False):
    status: str
    groupName: str
    streamName: str


class LogsConfig(TypedDict, total=False):
    cloudWatchLogs: CloudWatchLogs


class Project(TypedDict):
    """A project: the fields of CreateProject as they were given, and the ARN and times."""

    name: str
    arn: NotRequired[str]
    created: NotRequired[datetime.datetime]
    lastModified: NotRequired[datetime.datetime]
    source: NotRequired[Source]
    environment: NotRequired[Environment]
    artifacts: NotRequired[dict[str, str]]
    logsConfig: NotRequired[LogsConfig]
    serviceRole: NotRequired[str]
    encryptionKey: NotRequired[str]
    timeoutInMinutes: NotRequired[int]
    queuedTimeoutInMinutes: NotRequired[int]


class ProjectName(TypedDict):
    """By its name or ARN."""

    name: str


class ProjectNames(TypedDict):
    names: list[str]


class StartBuild(TypedDict):
    projectName: str
    environmentVariablesOverride: NotRequired[list[Variable]]
    buildspecOverride: NotRequired[str]
    timeoutInMinutesOverride: NotRequired[int]
    queuedTimeoutInMinutesOverride: NotRequired[int]


class BuildId(TypedDict):
    id: str


class BuildIds(TypedDict):
    ids: list[str]


class ListBuilds(TypedDict, total=False):
    projectName: str
    sortOrder: str
