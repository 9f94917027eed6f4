"""`kennel cost`: the price before it is paid."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from config import prices
from config.app import AppConfig
from kennel.cli.output import AsJson, Environment, console, print_json, print_table
from kennel.cloud import costs, costs_at_rest, price_list
from kennel.errors import KennelError
from kennel.workspace import project
from lambdas.plan_run.request import MAX_INSTANCES

LOCAL_NOTE = "The local cloud costs nothing: this is what the same costs on AWS."


def register(app: typer.Typer) -> None:
    app.command()(cost)


def cost(
    run: Annotated[bool, typer.Option("--run", help="only a run of the pipeline")] = False,
    endpoint: Annotated[bool, typer.Option("--endpoint", help="only the endpoint")] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help=f"read the region's prices from AWS into {prices.FILE} first; free")
    ] = False,
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
    """Say what a run can cost at most, what the endpoint costs while it is on, and what is paid at rest."""
    if refresh:
        _refresh(env)
    config = project.config(env)
    found: dict[str, Any] = {}
    if run or not endpoint:
        given = {"models": model, "tune": tune, "instances": instances}
        found["run"] = costs.of_run(config, {name: value for name, value in given.items() if value is not None})
    if endpoint or not run:
        found["endpoint"] = costs.of_endpoint(config)
    if not run and not endpoint:
        found["at_rest"] = costs_at_rest.of(config)
    if as_json:
        print_json(_documents(found, config))
        return
    if "run" in found:
        _print_run(found["run"])
    if "endpoint" in found:
        _print_endpoint(found["endpoint"])
    if "at_rest" in found:
        _print_at_rest(found["at_rest"], config)
    _print_notes(config)


def _refresh(env: str) -> None:
    config = project.config(env)
    if config.cloud == "local":
        raise KennelError("the local cloud has no price list: name an environment of an AWS account with --env")
    found = price_list.read(price_list.client(), config.region, today=datetime.now(UTC).date())
    path = prices.write(project.path().parent, found)
    console.print(f"{len(found.instance_hours)} prices of {config.region} in {path}: a deploy hands them to PlanRun\n")


def _documents(found: dict[str, Any], config: AppConfig) -> dict[str, Any]:
    documents: dict[str, Any] = {
        name: [asdict(item) for item in value] if isinstance(value, tuple) else asdict(value)
        for name, value in found.items()
    }
    listed = config.prices
    return {**documents, "prices": {"region": listed.region, "date": listed.date, "source": listed.source}}


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


def _print_at_rest(found: tuple[costs_at_rest.Item, ...], config: AppConfig) -> None:
    rows = [(item.name, item.what, f"${item.usd:.2f}") for item in found]
    print_table(("what", "how much", "a month"), rows, title="At rest, while nothing runs")
    total = sum(item.usd for item in found)
    console.print(f"${total:.2f} a month. On top: {'; '.join(costs_at_rest.by_use(config))}.\n")


def _print_notes(config: AppConfig) -> None:
    listed = config.prices
    said = listed.said()
    console.print(f"{said[0].upper()}{said[1:]}. On demand; requests and traffic come on top.", style="dim")
    if listed.from_memory:
        remembered = ", ".join(name.replace("_", " ") for name in listed.from_memory)
        console.print(f"From memory, of {prices.MEMORY_REGION}: {remembered}.", style="dim")
    if listed.region != config.region:
        console.print(f"{config.region} can cost up to about half more.", style="dim")
    if config.cloud == "local":
        console.print(LOCAL_NOTE, style="dim")
