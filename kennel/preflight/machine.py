"""This machine: Python, Node and the CDK CLI."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterator

from kennel.preflight.finding import Finding, error, ok, warning
from kennel.workspace import clone

PYTHONS = ((3, 11), (3, 13))
"""The oldest and the newest that the tests run on."""
NODE = 22
"""The oldest that jsii supports."""


def python() -> Iterator[Finding]:
    oldest, newest = PYTHONS
    version, found = platform.python_version(), sys.version_info[:2]
    if found < oldest:
        yield error(f"Python is {version}: run `make setup PYTHON=...` with 3.11, 3.12 or 3.13")
    elif found > newest:
        yield warning(f"Python is {version}, and Kennel is tested on 3.11 to 3.13: use one of those if a command fails")
    else:
        yield ok(f"Python is {version}")


def node() -> Iterator[Finding]:
    path = clone.node_bin() / "node"
    try:
        answer = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        yield error("Node does not run: run `make setup`")
        return
    if int(answer.removeprefix("v").partition(".")[0]) < NODE:
        yield error(f"Node is {answer}, and the CDK needs {NODE} or newer: run `make setup`")
    else:
        yield ok(f"Node is {answer}")


def cdk_cli() -> Iterator[Finding]:
    pinned = json.loads((clone.ROOT / "package.json").read_text())
    wanted = {**pinned.get("dependencies", {}), **pinned.get("devDependencies", {})}["aws-cdk"]
    manifest = clone.CDK_CLI / "package.json"
    installed = json.loads(manifest.read_text())["version"] if manifest.exists() else None
    if installed is None:
        yield error("the CDK CLI is not installed: run `make setup`")
    elif installed != wanted:
        yield error(f"the CDK CLI is {installed}, and package.json has {wanted}: run `make setup`")
    else:
        yield ok(f"the CDK CLI is {installed}")
