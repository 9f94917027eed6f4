"""CodeBuild: projects, and builds whose commands really run, with stand-ins for `docker` and `aws` on their PATH."""

from __future__ import annotations

import shutil

from localcloud.codebuild.builds import Builds
from localcloud.codebuild.capacity import Capacity
from localcloud.codebuild.projects import Projects
from localcloud.context import Cloud
from localcloud.server import Application


def install(cloud: Cloud, app: Application) -> None:
    """Answer CodeBuild instead of moto, which would invent finished builds."""
    shutil.rmtree(cloud.root / "builds", ignore_errors=True)  # of a cloud that ended without stopping
    projects, capacity = Projects(cloud), Capacity()
    builds = Builds(cloud, projects, capacity)
    for name, operation in {**projects.operations(), **builds.operations()}.items():
        app.operation("codebuild", name, operation)
    app.add_handler(capacity.handle)
    cloud.on_stop(builds.close)
