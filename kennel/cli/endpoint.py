"""`kennel endpoint`: stop paying for it, keep everything."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, print_json, print_table
from kennel.cloud import endpoint
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.models import published

app = Group(help="The endpoint's switch.", no_args_is_help=True)


@app.command()
def status(env: Environment = "local", as_json: AsJson = False) -> None:
    """Say whether it is on, with how many instances, how often it is asked, and what it costs."""
    found = endpoint.describe(Session(env))
    if as_json:
        print_json(asdict(found))
        return
    row = (
        found.name,
        found.status,
        f"{found.instances} of {found.wanted_instances} x {found.instance_type}",
        found.invocations,
        f"${found.usd_per_hour:.2f}",
    )
    print_table(("endpoint", "status", "instances", "asked in 24 h", "an hour"), [row])
    if found.reason:
        console.print(found.reason, markup=False)
    elif found.status == endpoint.OFF:
        console.print(f"Turn it on with `kennel endpoint on --env {env}`")


@app.command()
def on(env: Environment = "local") -> None:
    """Create its instances, scaling and alarms. On AWS this takes five to ten minutes."""
    _switch(Session(env), on=True)


@app.command()
def off(env: Environment = "local", yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Delete its instances, scaling and alarms; models, pipeline and dashboards stay, and callers get errors."""
    if not yes and env != "local":
        typer.confirm(f"Take the endpoint of {env} away from its callers?", abort=True)
    _switch(Session(env), on=False)


@app.command()
def refresh(env: Environment = "local") -> None:
    """Replace its instances, after a rollout that failed: none of them then answers a stable key from its cache."""
    session = Session(env)
    publish = session.config.pipeline.publish
    if not (publish.stable_key and publish.refresh_stable_key):
        raise KennelError(f"{env} replaces no instances: set pipeline.publish.stable_key and refresh_stable_key")
    console.print(published.refresh(session), markup=False)


def _switch(session: Session, *, on: bool) -> None:
    word, changed = "on" if on else "off", False
    for line in endpoint.switch(session, on=on):
        changed = True
        console.print(line, style="dim", markup=False)
    name = session.output("EndpointName")
    console.print(f"{name} is {word}" if changed else f"{name} is {word} already")
