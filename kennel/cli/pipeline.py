"""`kennel pipeline`: start an execution, follow it, look at it, stop it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from imgcls.contract import hyperparameters
from imgcls.reports.search import render_searches
from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, duration, print_json, print_table
from kennel.cli.run_summary import print_how_to_publish, print_outcomes, print_search
from kennel.cli.watch import follow_lines, follow_live, outcome, print_run
from kennel.cloud.session import Session
from kennel.errors import KennelError, writing
from kennel.runs import earlier_run, executions, trials
from lambdas.plan_run.request import MAX_INSTANCES

app = Group(help="Executions of the pipeline.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="name of the execution; the newest when left out")]


@app.command()
def start(
    model: Annotated[list[str] | None, typer.Option(help="a model to train; repeat for more")] = None,
    dataset: Annotated[str | None, typer.Option(help="an uploaded data set in place of the models' own")] = None,
    no_tune: Annotated[bool, typer.Option("--no-tune", help="train with the default hyperparameters")] = False,
    tune: Annotated[bool, typer.Option("--tune", help="search hyperparameters first")] = False,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="[MODEL:]HYPERPARAMETER=VALUE; repeat for more")
    ] = None,
    hyperparameters_from: Annotated[
        str | None, typer.Option(metavar="EXECUTION", help="train with what an earlier execution trained with")
    ] = None,
    trained_by: Annotated[
        str | None, typer.Option(metavar="EXECUTION", help="evaluate and publish what an earlier execution trained")
    ] = None,
    instances: Annotated[
        int | None, typer.Option(min=1, max=MAX_INSTANCES, help="instances that share each final training")
    ] = None,
    as_: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="train and publish the model under a new name")
    ] = None,
    replace_labels: Annotated[
        bool, typer.Option("--replace-labels", help="publish other labels under a published name")
    ] = False,
    publish_staged: Annotated[
        bool, typer.Option("--publish-staged", help="train nothing: test and publish what is staged")
    ] = False,
    name: Annotated[str | None, typer.Option(help="name of the execution")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="follow it to its end")] = False,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Start an execution."""
    if tune and no_tune:
        raise KennelError("give --tune or --no-tune, not both")
    session = Session(env)
    models = model or []
    trained_models = models or list(session.config.default_models)
    renamed, values = _renamed(as_, models), {}
    if hyperparameters_from:
        values = earlier_run.values_of(session, hyperparameters_from, trained_models, renamed)
    for target, given in _settings(set_ or [], trained_models).items():
        values[target] = values.get(target, {}) | given
    if trained_by:
        dataset = dataset or executions.describe(session, trained_by, history=False).input.get("dataset")
    execution = executions.start(
        session,
        models=models,
        dataset=dataset,
        trained=earlier_run.artifacts_of(session, trained_by, trained_models, renamed) if trained_by else None,
        tune=True if tune else False if no_tune else None,
        hyperparameters=values,
        instances=instances,
        renamed=renamed,
        replace_labels=replace_labels,
        publish_staged=publish_staged,
        name=name,
    )
    if wait:
        _follow(session, execution, as_json)
    elif as_json:
        print_json({"name": execution, "arn": executions.arn(session, execution)})
    else:
        console.print(f"Started {execution}; follow it with `kennel pipeline watch {execution}`")


@app.command()
def watch(name: Name = None, env: Environment = "local", as_json: AsJson = False) -> None:
    """Follow an execution to its end: states, job logs, metrics. Exit code 1 unless it succeeds."""
    session = Session(env)
    _follow(session, name or executions.latest(session), as_json)


def _follow(session: Session, name: str, as_json: bool) -> None:
    if as_json:
        *_, run = executions.follow(session, name)
        print_json(asdict(run))
    else:
        run = follow_live(session, name) if console.is_terminal else follow_lines(session, name)
        print_how_to_publish(session, run)
    if run.status != "SUCCEEDED":
        raise typer.Exit(1)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="how many")] = 20, env: Environment = "local", as_json: AsJson = False
) -> None:
    """List the newest executions."""
    session = Session(env)
    found = [executions.describe(session, name, history=False) for name in executions.names(session, limit=limit)]
    if as_json:
        print_json([{key: value for key, value in asdict(run).items() if key != "visits"} for run in found])
        return
    rows = [(run.name, run.status, run.started, duration(run.seconds), outcome(run)) for run in found]
    print_table(("execution", "status", "started", "took", "outcome"), rows)


@app.command()
def show(name: Name = None, env: Environment = "local", as_json: AsJson = False) -> None:
    """Show an execution: every state and job, each model's findings and reports, a failure's reason and remedy."""
    session = Session(env)
    run = executions.describe(session, name or executions.latest(session))
    if as_json:
        print_json(asdict(run))
    else:
        print_run(run)
        print_outcomes(session, run)


@app.command("trials")
def trials_(
    name: Name = None,
    model: Annotated[str | None, typer.Option(help="the search of one model")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="write a page with plots of them")] = None,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Show the trials of an execution's searches, best first."""
    session = Session(env)
    execution = name or executions.latest(session)
    found = trials.searches(session, execution, model or "")
    if html is not None:
        with writing(html):
            html.parent.mkdir(parents=True, exist_ok=True)
            html.write_text(render_searches(f"Searches of {execution}", env, found))
    if as_json:
        print_json([asdict(search) for search in found])
        return
    for search in found:
        print_search(search)
    if html is not None:
        console.print(f"Wrote {html}", markup=False, soft_wrap=True)


@app.command()
def stop(name: Name = None, env: Environment = "local") -> None:
    """Stop an execution and its jobs."""
    session = Session(env)
    execution = name or executions.latest(session)
    stopped = executions.stop(session, execution, reason="stopped with kennel pipeline stop")
    for job in stopped:
        console.print(f"Stopping {job.kind} job {job.name}")
    console.print(f"Stopped {execution}")


def _renamed(name: str | None, models: list[str]) -> dict[str, str]:
    """The one model of the run -> its new name. Raises KennelError where it is not clear which is meant."""
    if name is None:
        return {}
    if len(models) != 1:
        raise KennelError(f"--as {name}: name the one model by whose recipe it is trained with --model")
    return {models[0]: name}


def _settings(items: list[str], models: list[str]) -> dict[str, dict[str, Any]]:
    """`lr=0.1` for every model of the run, `NAME:lr=0.1` for one. Raises KennelError."""
    settings: dict[str, dict[str, Any]] = defaultdict(dict)
    for item in items:
        left, equals, value = item.partition("=")
        target, colon, key = left.rpartition(":")
        if not equals or not key:
            raise KennelError(f"--set {item}: write it as lr=0.01 or dog-breed-classifier:lr=0.01")
        try:
            parsed = hyperparameters.lookup(key).parse(value)
        except hyperparameters.HyperparameterError as error:
            raise KennelError(f"--set {item}: {error}") from None
        if colon and target not in models:
            raise KennelError(f"--set {item}: {target} is not in the run; its models are {', '.join(models)}")
        for model in [target] if colon else models:
            settings[model][key] = parsed
    return dict(settings)
