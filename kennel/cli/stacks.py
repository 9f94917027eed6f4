"""`kennel deploy / destroy / diff / synth`: the CDK CLI with the right environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from kennel.cli.output import Environment
from kennel.cloud import teardown
from kennel.cloud.session import Session
from kennel.workspace import clone, project


def register(app: typer.Typer) -> None:
    app.command()(deploy)
    app.command()(destroy)
    app.command()(diff)
    app.command()(synth)


def deploy(env: Environment = "local") -> None:
    """Deploy all stacks."""
    _cdk(env, ["deploy", "--all", "--require-approval", "never", "--concurrency", "2"])


def destroy(
    env: Environment = "local",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Delete all stacks. What the environment retains (prod's buckets and key) stays."""
    session = Session(env)
    if not yes and session.config.cloud != "local":
        typer.confirm(f"Delete every stack of {session.config.prefix}?", abort=True)
    teardown.before_destroy(session)
    code = _run(env, ["destroy", "--all", "--force"])
    if code == 0:
        teardown.after_destroy(session)
    raise typer.Exit(code)


def diff(env: Environment = "local") -> None:
    """Show what a deploy would change."""
    _cdk(env, ["diff"])


def synth(
    env: Environment = "local",
    output: Annotated[Path | None, typer.Option(help="where the templates go")] = None,
) -> None:
    """Write the templates; needs no account and no network."""
    chosen = project.load()
    chosen.config(env)  # a mistake is said in one sentence, without the CDK CLI's own lines around it
    code = clone.cdk(
        ["synth", "--quiet"],
        project=chosen.path,
        environment_name=env,
        variables=os.environ,
        output=(output or chosen.path.parent / "cdk.out").resolve(),
    )
    raise typer.Exit(code)


def _cdk(env: str, arguments: list[str]) -> None:
    raise typer.Exit(_run(env, arguments))


def _run(env: str, arguments: list[str]) -> int:
    session = Session(env)
    return clone.cdk(
        arguments,
        project=project.path(),
        environment_name=env,
        variables=session.variables(),
        output=clone.home() / "cdk.out" / session.config.prefix,
    )
