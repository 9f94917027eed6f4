"""`kennel models`: what is published, and the way back."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Annotated

import typer

from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, print_json, print_table
from kennel.client.classifier import read_alias
from kennel.cloud.session import Session
from kennel.models import published

app = Group(help="Published models.", no_args_is_help=True)
Model = Annotated[str, typer.Argument(metavar="NAME", help="name of a published model")]


@app.command("list")
def list_(env: Environment = "local", as_json: AsJson = False) -> None:
    """List the published models and the version that is current."""
    found = published.aliases(Session(env))
    if as_json:
        print_json([alias.to_dict() for alias in found])
        return
    rows = [(alias.name, alias.current, alias.when, alias.who, alias.why) for alias in found]
    print_table(("model", "target model", "published", "by", "why"), rows)


@app.command()
def show(name: Model, env: Environment = "local", as_json: AsJson = False) -> None:
    """Show a model's versions, newest first."""
    session = Session(env)
    alias = read_alias(session.client("s3"), session.output("ArtifactsBucket"), name)
    versions = published.versions(session, name)
    if as_json:
        print_json({**alias.to_dict(), "versions": [asdict(version) for version in versions]})
        return
    rows = [("*" if v.current else "", v.target_model, f"{v.bytes / 1e6:.1f} MB", v.staged) for v in versions]
    print_table(("", "target model", "size", "staged"), rows)


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
