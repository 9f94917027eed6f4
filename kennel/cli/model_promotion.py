"""`kennel models take` and `promote`: from one environment into another, by the digest of promotion.json."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from imgcls.contract.failures import causes
from kennel.cli.output import AsJson, Environment, console, errors, print_json
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.models import promoted, staged, taken
from kennel.runs import executions

PROMOTED = ("published", "staged")


def register(models: typer.Typer) -> None:
    models.command()(take)
    models.command()(promote)


def take(
    name: Annotated[str, typer.Argument(metavar="NAME", help="name of a model")],
    output: Annotated[Path, typer.Option(help="a new folder")],
    version: Annotated[str | None, typer.Option(help="a published or staged version; the current one")] = None,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Download a version with its evaluation and golden images, to promote it into another environment."""
    session = Session(env)
    with errors.status("Downloading"):
        found = taken.take(session, name, output, version=version)
    digest = taken.digest_of(output)
    if as_json:
        print_json({**found.to_dict(), "digest": digest})
        return
    console.print(f"{found.model} {found.version}: accuracy {found.accuracy:.4f} on {found.num_images} test images")
    console.print(f"Digest, which covers the archive, evaluation and golden images: {digest}", soft_wrap=True)
    command = f"kennel models promote {output} --sha256 {digest} --env ENVIRONMENT"
    console.print(f"To publish it elsewhere: {command}", markup=False, soft_wrap=True)


def promote(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="what `kennel models take` made")],
    sha256: Annotated[
        str, typer.Option(metavar="HEX", help="the digest that take printed, which is that of promotion.json")
    ],
    unmeasured: Annotated[
        bool,
        typer.Option("--unmeasured", help="although it was not compared with what is published, on the same images"),
    ] = False,
    replace_labels: Annotated[
        bool, typer.Option("--replace-labels", help="although what is published has other labels")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="follow the run; exit code 1 unless the version is published or staged")
    ] = False,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Judge, register, smoke-test and publish a version of another environment; nothing is trained."""
    session = Session(env)
    with errors.status("Checking and uploading the version"):
        started = promoted.start(session, folder, sha256, unmeasured=unmeasured, replace_labels=replace_labels)
    state, reason = started.state, ""
    if wait and started.execution:
        with errors.status(f"Waiting for {started.execution}"):
            state, reason = _outcome(session, started.execution)
    if as_json:
        print_json({**asdict(started), "state": state, "reason": reason})
    elif not state:
        watch = f"kennel pipeline watch {started.execution} --env {env}"
        console.print(f"Started {started.execution}; follow it with `{watch}`", markup=False, soft_wrap=True)
    elif state in PROMOTED:
        said = f": {reason}" if reason else ""
        console.print(f"{started.model} {started.version} is {state} in {env}{said}", markup=False, soft_wrap=True)
        if state == "staged":
            console.print(f"To test and publish it: {staged.command(session)}", markup=False)
    if state and state not in PROMOTED:
        raise KennelError(f"{started.model} {started.version} is not published in {env}: {reason}")


def _outcome(session: Session, execution: str) -> tuple[str, str]:
    """What became of the one model of a run, and why."""
    *_, run = executions.follow(session, execution)
    outcomes = run.output["outcomes"] if isinstance(run.output, dict) else []
    if not outcomes:
        return "failed", causes.explain_execution(run.error, run.cause) or run.status
    return outcomes[0]["outcome"], outcomes[0]["reason"]
