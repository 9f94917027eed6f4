"""CodeBuild projects, recorded as given; a build would need Docker and is refused by name."""

from __future__ import annotations

import datetime
import threading
from typing import Any

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.server import Application

Request = dict[str, Any]


def install(cloud: Cloud, app: Application) -> None:
    """Answer the project operations in place of moto, which knows no update and refuses projects without source."""
    projects = Projects(cloud)
    for name, function in {
        "CreateProject": projects.create,
        "UpdateProject": projects.update,
        "BatchGetProjects": projects.batch_get,
        "ListProjects": projects.list,
        "DeleteProject": projects.delete,
    }.items():
        app.operation("codebuild", name, function)


class Projects:
    """Projects by name."""

    def __init__(self, cloud: Cloud) -> None:
        self._prefix = f"arn:aws:codebuild:{cloud.region}:{cloud.account_id}:project/"
        self._lock = threading.Lock()
        self._projects: dict[str, dict[str, Any]] = {}

    def create(self, request: Request) -> Request:
        name = request["name"]
        with self._lock:
            if name in self._projects:
                raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {self._prefix}{name}")
            now = datetime.datetime.now(datetime.UTC)
            self._projects[name] = {**request, "arn": f"{self._prefix}{name}", "created": now, "lastModified": now}
            return {"project": self._projects[name]}

    def update(self, request: Request) -> Request:
        name = request["name"]
        with self._lock:
            if name not in self._projects:
                raise AwsError("ResourceNotFoundException", f"Project cannot be found: {self._prefix}{name}")
            self._projects[name] |= {**request, "lastModified": datetime.datetime.now(datetime.UTC)}
            return {"project": self._projects[name]}

    def batch_get(self, request: Request) -> Request:
        names = [name.removeprefix(self._prefix) for name in request["names"]]
        return {
            "projects": [self._projects[name] for name in names if name in self._projects],
            "projectsNotFound": [name for name in names if name not in self._projects],
        }

    def list(self, request: Request) -> Request:
        names = sorted(self._projects, reverse=request.get("sortOrder") == "DESCENDING")
        return {"projects": names}

    def delete(self, request: Request) -> None:
        self._projects.pop(request["name"].removeprefix(self._prefix), None)
