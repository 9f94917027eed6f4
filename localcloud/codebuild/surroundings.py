"""What a build finds around it: CodeBuild's variables, the role's credentials, and stand-ins for its tools."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from localcloud.codebuild.record import Build
from localcloud.context import Cloud

TOOLS = ("aws", "docker")
_PACKAGE_HOME = Path(__file__).resolve().parents[2]


def make_tools(folder: Path, cloud: Cloud) -> Path:
    """A folder with the programs that stand in for `docker`, which this machine may lack, and for the AWS CLI."""
    tools = folder / "tools"
    tools.mkdir()
    for name in TOOLS:
        program = tools / name
        program.write_text(
            f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(_PACKAGE_HOME))} "
            f'exec {shlex.quote(sys.executable)} -m localcloud.codebuild.stand_ins.{name} "$@"\n'
        )
        program.chmod(0o755)
    return tools


def variables(cloud: Cloud, build: Build, source: Path, tools: Path) -> dict[str, str]:
    """The environment of every command. Of this machine's own variables only PATH is passed on."""
    docker = source.parent / "docker"
    docker.mkdir()
    environment = build.project.get("environment", {})
    given = build.project.get("source", {})
    return {
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(source.parent),
        "LANG": "C.UTF-8",
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
