"""`kennel models import`: publish weights that were trained elsewhere."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from kennel.cli.output import AsJson, Environment, console, errors, print_json
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.models import imported


def register(models: typer.Typer) -> None:
    models.command("import")(import_)


def import_(
    weights: Annotated[Path, typer.Argument(help="a state_dict: .pth or .safetensors")],
    architecture: Annotated[str, typer.Option(help="the network, as torchvision names it")],
    labels: Annotated[Path, typer.Option(help="the labels in training's order: one per line, or JSON")],
    name: Annotated[str | None, typer.Option(help="a configured model; the one of this architecture")] = None,
    preprocessing: Annotated[
        str | None, typer.Option(help='what it was trained with, as JSON: {"resize": 256, "crop": 224}')
    ] = None,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Check, export, evaluate, gate and publish weights that were trained elsewhere; nothing is trained."""
    session = Session(env)
    with errors.status("Checking and uploading the weights"):
        started = imported.start(
            session,
            weights,
            architecture=architecture,
            labels=labels,
            name=name,
            preprocessing=None if preprocessing is None else _object(preprocessing),
        )
    if as_json:
        print_json(asdict(started))
        return
    console.print(f"{started.model}: uploaded as {started.uri}")
    console.print(f"Started {started.execution}; follow it with `kennel pipeline watch {started.execution}`")


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise KennelError(f"--preprocessing is {text}; it must be a JSON object")
    return value
