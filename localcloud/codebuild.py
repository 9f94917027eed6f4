"""CodeBuild projects, recorded as given; a build would need Docker and is refused by name."""

from __future__ import annotations

import datetime
import threading
from typing import NotRequired, TypedDict

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.server import Answer, Application


class Project(TypedDict):
    """A project: the fields of CreateProject as they were given, and these."""

    name: str
    arn: NotRequired[str]
    created: NotRequired[datetime.datetime]
    lastModified: NotRequired[datetime.datetime]


class ProjectNames(TypedDict):
    names: list[str]


class ListProjects(TypedDict, total=False):
    sortOrder: str


class ProjectName(TypedDict):
    """By its name or ARN."""

    name: str


def install(cloud: Cloud, app: Application) -> None:
    """Answer the project operations instead of moto, which has no UpdateProject and refuses projects without source."""
    projects = Projects(cloud)
    app.operation("codebuild", "CreateProject", projects.create)
    app.operation("codebuild", "UpdateProject", projects.update)
    app.operation("codebuild", "BatchGetProjects", projects.batch_get)
    app.operation("codebuild", "ListProjects", projects.list)
    app.operation("codebuild", "DeleteProject", projects.delete)


class Projects:
    """Projects by name."""

    def __init__(self, cloud: Cloud) -> None:
        self._prefix = f"arn:aws:codebuild:{cloud.region}:{cloud.account_id}:project/"
        self._lock = threading.Lock()
        self._projects: dict[str, Project] = {}

    def create(self, request: Project) -> Answer:
        name = request["name"]
        with self._lock:
            if name in self._projects:
                raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {self._prefix}{name}")
            now = datetime.datetime.now(datetime.UTC)
            self._projects[name] = {**request, "arn": f"{self._prefix}{name}", "created": now, "lastModified": now}
            return {"project": self._projects[name]}

    def update(self, request: Project) -> Answer:
        name = request["name"]
        with self._lock:
            if name not in self._projects:
                raise AwsError("ResourceNotFoundException", f"Project cannot be found: {self._prefix}{name}")
            self._projects[name].update({**request, "lastModified": datetime.datetime.now(datetime.UTC)})
            return {"project": self._projects[name]}

    def batch_get(self, request: ProjectNames) -> Answer:
        names = [name.removeprefix(self._prefix) for name in request["names"]]
        return {
            "projects": [self._projects[name] for name in names if name in self._projects],
            "projectsNotFound": [name for name in names if name not in self._projects],
        }

    def list(self, request: ListProjects) -> Answer:
        names = sorted(self._projects, reverse=request.get("sortOrder") == "DESCENDING")
        return {"projects": names}

    def delete(self, request: ProjectName) -> None:
        self._projects.pop(request["name"].removeprefix(self._prefix), None)
