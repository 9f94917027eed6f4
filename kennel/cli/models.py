"""`kennel models`: what is published or staged, and the way back."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Annotated

import typer

from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, print_json, print_table
from kennel.cloud.session import Session
from kennel.models import published, staged

app = Group(help="Published and staged models.", no_args_is_help=True)
Model = Annotated[str, typer.Argument(metavar="NAME", help="name of a model")]


@app.command("list")
def list_(env: Environment = "local", as_json: AsJson = False) -> None:
    """List the published models, the version that is current, and versions that are staged."""
    session = Session(env)
    found = published.models(session)
    if as_json:
        print_json([model.to_dict() for model in found])
        return
    aliases = [model.alias for model in found if model.alias]
    waiting = [model.waiting for model in found if model.waiting]
    rows = [(alias.name, alias.current, alias.when, alias.who, alias.why) for alias in aliases]
    print_table(("model", "target model", "published", "by", "why"), rows)
    if waiting:
        console.print()
        print_table(
            ("model", "target model", "staged", "by", "why"),
            [(item.name, item.target_model, item.when, item.execution, item.reason) for item in waiting],
        )
        console.print(f"To test and publish what is staged: {staged.command(session)}", markup=False)


@app.command()
def show(name: Model, env: Environment = "local", as_json: AsJson = False) -> None:
    """Show a model's versions, newest first, and which of them is current or staged."""
    session = Session(env)
    model = published.model(session, name)
    versions = published.versions(session, model)
    if as_json:
        print_json({**model.to_dict(), "versions": [asdict(version) for version in versions]})
        return
    rows = [("*" if v.current else "", v.target_model, v.state, f"{v.bytes / 1e6:.1f} MB", v.staged) for v in versions]
    print_table(("", "target model", "state", "size", "staged"), rows)
    if model.waiting:
        console.print(f"To test and publish what is staged: {staged.command(session)}", markup=False)


@app.command()
def rollback(
    name: Model,
    to: Annotated[str | None, typer.Option(help="a version; the one before when left out")] = None,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Make an earlier version current."""
    answer = published.rollback(Session(env), name, version=to, who=getpass.getuser())
    if as_json:
        print_json(answer)
    else:
        console.print(f"{name} is now {answer['target_model']}")
