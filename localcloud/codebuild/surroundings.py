"""What a build finds around it: CodeBuild's variables, the role's credentials, and stand-ins for its tools."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from localcloud.codebuild.record import Build
from localcloud.context import Cloud
from localcloud.isolation.view import PATH, inherited_variables

TOOLS = ("aws", "docker")
PACKAGE = Path(__file__).resolve().parents[1]
"""The package localcloud, which the stand-ins import."""


def make_tools(folder: Path, cloud: Cloud) -> Path:
    """A folder with the programs that stand in for `docker`, which this machine may lack, and for the AWS CLI."""
    tools = folder / "tools"
    tools.mkdir()
    for name in TOOLS:
        program = tools / name
        program.write_text(
            f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(PACKAGE.parent))} "
            f'exec {shlex.quote(sys.executable)} -m localcloud.codebuild.stand_ins.{name} "$@"\n'
        )
        program.chmod(0o755)
    return tools


def variables(cloud: Cloud, build: Build, source: Path, tools: Path) -> dict[str, str]:
    """The environment of every command."""
    docker = source.parent / "docker"
    docker.mkdir()
    environment = build.project.get("environment", {})
    given = build.project.get("source", {})
    return {
        **inherited_variables(),
        "PATH": os.pathsep.join((str(tools), str(Path(sys.executable).parent), PATH)),
        "HOME": str(source.parent),
        "no_proxy": "localhost,127.0.0.1",
        **build.variables,
        "CI": "true",
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": environment.get("image", ""),
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_URL": build.console,
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_KMS_KEY_ID": build.project.get("encryptionKey", ""),
        "CODEBUILD_LOG_PATH": build.log_stream,
        "CODEBUILD_SOURCE_REPO_URL": given.get("location", ""),
        "CODEBUILD_SRC_DIR": str(source),
        "CODEBUILD_START_TIME": str(int(build.started.timestamp() * 1000)),
        **cloud.environment(build.project.get("serviceRole")),
        "LOCALCLOUD_DOCKER": str(docker) if environment.get("privilegedMode") else "",
        "LOCALCLOUD_ACCOUNT": cloud.account_id,
    }
