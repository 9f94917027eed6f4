"""`kennel bootstrap-policy`: what CloudFormation must be allowed to deploy environments, and nothing more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from kennel.bootstrap.policy import MAX_INLINE_BYTES
from kennel.bootstrap.project import make
from kennel.cli.output import errors, print_json
from kennel.errors import writing
from kennel.workspace import project

Environments = Annotated[list[str], typer.Option("--env", help="an environment of the project; repeat it for several")]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="write the template there and print what to do next")]


def register(app: typer.Typer) -> None:
    app.command()(bootstrap_policy)


def bootstrap_policy(env: Environments, output: Output = None) -> None:
    """Write what CloudFormation needs to deploy environments, as managed policies for `cdk bootstrap`."""
    chosen = project.load()
    made = make(chosen.path, [chosen.config(name) for name in dict.fromkeys(env)])
    if output is None:
        print_json(made.template)
        return
    with writing(output):
        output.write_text(json.dumps(made.template, indent=1) + "\n")
    if (size := output.stat().st_size) > MAX_INLINE_BYTES:
        errors.print(
            f"{output} has {size:,} bytes, and CloudFormation takes {MAX_INLINE_BYTES:,} without a bucket: name one of "
            "the account in place of BUCKET, or make the policies of fewer environments at a time",
            markup=False,
            soft_wrap=True,
        )
    for line in made.commands(output):
        errors.print(line, markup=False, soft_wrap=True)
