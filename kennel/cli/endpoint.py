"""`kennel endpoint`: stop paying for it, keep everything."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, print_json, print_table
from kennel.cli.run_summary import print_outcomes
from kennel.cli.watch import follow_lines, follow_live
from kennel.cloud import endpoint
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.models import published
from kennel.runs import executions

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
def on(
    no_publish: Annotated[bool, typer.Option("--no-publish", help="leave what is staged as it is")] = False,
    env: Environment = "local",
) -> None:
    """Create its instances, scaling and alarms, then test and publish what is staged. On AWS it takes ten minutes."""
    session = Session(env)
    _switch(session, on=True)
    if not no_publish:
        _publish_staged(session)


@app.command()
def off(env: Environment = "local", yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Delete its instances, scaling and alarms. The rest stays, callers get errors, and runs end staged."""
    session = Session(env)
    if not yes and session.config.cloud != "local" and not endpoint.is_switched_off(session):
        typer.confirm(f"Take the endpoint of {env} away from its callers?", abort=True)
    _switch(session, on=False)


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


def _publish_staged(session: Session) -> None:
    """By an execution of the pipeline, which is followed to its end. Exit code 1 unless all of it succeeds."""
    waiting = [model.name for model in published.models(session) if model.waiting]
    if not waiting:
        console.print("No version is staged")
        return
    execution = executions.start(session, models=[], publish_staged=True)
    console.print(f"{execution} tests and publishes {', '.join(waiting)}", markup=False)
    follow = follow_live if console.is_terminal else follow_lines
    run = follow(session, execution)
    print_outcomes(session, run)
    if run.status != "SUCCEEDED":
        raise typer.Exit(1)
