"""CodeBuild projects, recorded as given: moto has no UpdateProject and refuses projects without source."""

from __future__ import annotations

import datetime
import threading
from typing import TypedDict

from localcloud.codebuild.requests import Project, ProjectName, ProjectNames
from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.server import Answer, JsonOperation


class ListProjects(TypedDict, total=False):
    sortOrder: str


class Projects:
    """Projects by name."""

    def __init__(self, cloud: Cloud) -> None:
        self._prefix = f"arn:aws:codebuild:{cloud.region}:{cloud.account_id}:project/"
        self._lock = threading.Lock()
        self._projects: dict[str, Project] = {}

    def operations(self) -> dict[str, JsonOperation]:
        return {
            "CreateProject": self.create,
            "UpdateProject": self.update,
            "BatchGetProjects": self.batch_get,
            "ListProjects": self.list,
            "DeleteProject": self.delete,
        }

    def get(self, name: str) -> Project:
        """By name or ARN. ResourceNotFoundException if it does not exist."""
        name = name.removeprefix(self._prefix)
        if name not in self._projects:
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {self._prefix}{name}")
        return self._projects[name]

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
            self.get(name).update({**request, "lastModified": datetime.datetime.now(datetime.UTC)})
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
