"""`kennel cost`: the price before it is paid."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from config import prices
from kennel.cli.output import AsJson, Environment, console, print_json, print_table
from kennel.cloud import costs
from kennel.workspace import project
from lambdas.plan_run.request import MAX_INSTANCES

NOTE = (
    f"List prices of {prices.PRICED_REGION}, on demand, rounded up (config/prices.py). Storage, logs, requests and "
    "traffic come on top."
)
LOCAL_NOTE = "The local cloud costs nothing: this is what the same instances cost on AWS."


def register(app: typer.Typer) -> None:
    app.command()(cost)


def cost(
    run: Annotated[bool, typer.Option("--run", help="only a run of the pipeline")] = False,
    endpoint: Annotated[bool, typer.Option("--endpoint", help="only the endpoint")] = False,
    model: Annotated[list[str] | None, typer.Option(help="a model of the run; repeat for more")] = None,
    tune: Annotated[
        bool | None, typer.Option("--tune/--no-tune", help="with or without a search; the default otherwise")
    ] = None,
    instances: Annotated[
        int | None, typer.Option(min=1, max=MAX_INSTANCES, help="instances that share each final training")
    ] = None,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Say what a run can cost at most, and what the endpoint costs while it is on. Asks no cloud."""
    config = project.config(env)
    found: dict[str, Any] = {}
    if run or not endpoint:
        given = {"models": model, "tune": tune, "instances": instances}
        found["run"] = costs.of_run(config, {name: value for name, value in given.items() if value is not None})
    if endpoint or not run:
        found["endpoint"] = costs.of_endpoint(config)
    if as_json:
        print_json({name: asdict(value) for name, value in found.items()})
        return
    if "run" in found:
        _print_run(found["run"])
    if "endpoint" in found:
        _print_endpoint(found["endpoint"])
    console.print(NOTE, style="dim")
    if env == "local":
        console.print(LOCAL_NOTE, style="dim")


def _print_run(found: costs.RunCost) -> None:
    rows = [
        (item.work, item.model, f"{item.instances} x {item.instance_type}", f"{item.hours:.1f} h", f"${item.usd:.2f}")
        for item in found.items
    ]
    print_table(("job", "model", "instances", "at most", "USD"), rows, title="A run of the pipeline")
    spot = "; spot instances, which it asks for, cost less" if found.spot else ""
    console.print(f"At most ${found.usd:.2f}, all time limits used up{spot}. Budget: ${found.budget_usd:.2f} a run.\n")


def _print_endpoint(found: costs.EndpointCost) -> None:
    rows = [
        (
            f"{instances} x {found.instance_type}",
            f"${found.per_hour(instances):.2f}",
            f"${found.per_hour(instances) * 24:.2f}",
            f"${found.per_month(instances):.0f}",
        )
        for instances in sorted({found.min_instances, found.max_instances})
    ]
    print_table(("instances", "an hour", "a day", "a month"), rows, title="The endpoint, while it is on")
    console.print()
