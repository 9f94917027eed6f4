"""The operations on builds: start, describe, list, stop."""

from __future__ import annotations

import contextlib
import threading
import uuid

from localcloud.codebuild.capacity import Capacity
from localcloud.codebuild.notifications import announce
from localcloud.codebuild.projects import Projects
from localcloud.codebuild.record import Build
from localcloud.codebuild.requests import BuildId, BuildIds, ListBuilds, Project, StartBuild, Variable
from localcloud.codebuild.run import BuildRun
from localcloud.context import Cloud
from localcloud.errors import AwsError, not_emulated
from localcloud.server import Answer, JsonOperation

_PROJECT_SOURCES = ("S3", "NO_SOURCE")


class Builds:
    """All builds by id, and the threads that run them."""

    def __init__(self, cloud: Cloud, projects: Projects, capacity: Capacity) -> None:
        self._cloud = cloud
        self._projects = projects
        self._capacity = capacity
        self._arn = f"arn:aws:codebuild:{cloud.region}:{cloud.account_id}:build/"
        self._builds: dict[str, Build] = {}
        self._threads: list[threading.Thread] = []
        self._machines = threading.BoundedSemaphore(cloud.max_jobs)
        self._lock = threading.Lock()

    def operations(self) -> dict[str, JsonOperation]:
        return {
            "StartBuild": self._start,
            "BatchGetBuilds": self._batch_get,
            "ListBuilds": self._list,
            "ListBuildsForProject": self._list_for_project,
            "StopBuild": self._stop,
        }

    def _start(self, request: StartBuild) -> Answer:
        project = self._projects.get(request["projectName"])
        _refuse_what_is_not_done(project, request)
        with self._lock:
            limit = self._capacity.builds
            unfinished = sum(build.ended is None for build in self._builds.values())
            if limit is not None and unfinished >= limit:
                raise AwsError(
                    "AccountLimitExceededException",
                    f"Cannot have more than {limit} builds in queue for the account",
                )
            build = self._record(project, request)
            self._builds[build.id] = build
        run = BuildRun(self._cloud, build, self._machines, self._capacity)
        thread = threading.Thread(target=self._run, args=(run, build), name=f"build-{build.id}", daemon=True)
        self._threads.append(thread)
        thread.start()
        return {"build": build.answer()}

    def _run(self, run: BuildRun, build: Build) -> None:
        announce(self._cloud, build)
        run.run()
        announce(self._cloud, build)

    def _record(self, project: Project, request: StartBuild) -> Build:
        identifier = str(uuid.uuid4())
        name = project["name"]
        logs = project.get("logsConfig", {}).get("cloudWatchLogs", {})
        group = logs.get("groupName") or f"/aws/codebuild/{name}"
        stream = f"{logs['streamName']}/{identifier}" if logs.get("streamName") else identifier
        return Build(
            id=f"{name}:{identifier}",
            arn=f"{self._arn}{name}:{identifier}",
            number=1 + sum(build.project["name"] == name for build in self._builds.values()),
            project={**project},
            request=request,
            initiator="localcloud",
            log_group=group,
            log_stream=stream,
            console=f"{self._cloud.url}/codebuild/{name}:{identifier}",
        )

    def _batch_get(self, request: BuildIds) -> Answer:
        names = [name.removeprefix(self._arn) for name in request["ids"]]
        return {
            "builds": [self._builds[name].answer() for name in names if name in self._builds],
            "buildsNotFound": [name for name in names if name not in self._builds],
        }

    def _list(self, request: ListBuilds) -> Answer:
        return {"ids": self._ids(list(self._builds.values()), request)}

    def _list_for_project(self, request: ListBuilds) -> Answer:
        name = self._projects.get(request["projectName"])["name"]
        return {"ids": self._ids([build for build in self._builds.values() if build.project["name"] == name], request)}

    @staticmethod
    def _ids(builds: list[Build], request: ListBuilds) -> list[str]:
        """Newest first unless asked otherwise."""
        ascending = request.get("sortOrder") == "ASCENDING"
        return [build.id for build in (builds if ascending else reversed(builds))]

    def _stop(self, request: BuildId) -> Answer:
        build = self._builds.get(request["id"].removeprefix(self._arn))
        if build is None:
            raise AwsError("ResourceNotFoundException", f"Build cannot be found: {request['id']}")
        build.stop_requested.set()
        return {"build": build.answer()}

    def close(self) -> None:
        """Stop every build and wait for their threads."""
        for build in list(self._builds.values()):
            build.stop_requested.set()
        for thread in self._threads:
            with contextlib.suppress(RuntimeError):
                thread.join(timeout=10)


def _refuse_what_is_not_done(project: Project, request: StartBuild) -> None:
    for name in request:
        if name not in StartBuild.__annotations__:
            raise not_emulated("codebuild", f"StartBuild with {name}")
    source = project.get("source", {}).get("type", "NO_SOURCE")
    if source not in _PROJECT_SOURCES:
        raise not_emulated("codebuild", f"StartBuild with a source of type {source}")
    if project.get("artifacts", {}).get("type", "NO_ARTIFACTS") != "NO_ARTIFACTS":
        raise not_emulated("codebuild", "StartBuild with artifacts")
    kind = project.get("environment", {}).get("type", "LINUX_CONTAINER")
    if kind != "LINUX_CONTAINER":
        raise not_emulated("codebuild", f"StartBuild in an environment of type {kind}")
    own: list[Variable] = project.get("environment", {}).get("environmentVariables", [])
    for variable in (*own, *request.get("environmentVariablesOverride", [])):
        if variable.get("type", "PLAINTEXT") != "PLAINTEXT":
            raise not_emulated("codebuild", f"StartBuild with a variable of type {variable['type']}")
