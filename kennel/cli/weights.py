"""`kennel weights`: put pretrained weights where training jobs find them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, errors, print_json
from kennel.cloud.session import Session
from kennel.models import pretrained_weights

app = Group(help="Pretrained weights.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Pretrained weights."""


@app.command()
def stage(
    architecture: Annotated[str, typer.Argument(help="resnet18, resnet50, mobilenet_v3_small or mobilenet_v3_large")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="a .pth or .safetensors file; else a download")
    ] = None,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Put torchvision's ImageNet weights where training jobs without internet find them; checks the file's hash."""
    session = Session(env)
    with errors.status(f"Staging the weights of {architecture}"):
        staged = pretrained_weights.stage(session.client("s3"), session.output("ArtifactsBucket"), architecture, source)
    if as_json:
        print_json(asdict(staged))
    else:
        console.print(f"{staged.uri}: {staged.bytes / 1e6:.1f} MB, SHA-256 {staged.sha256}")
