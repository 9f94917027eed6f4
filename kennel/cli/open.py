"""`kennel open`: look instead of read: reports, dashboards, the state machine's console page."""

from __future__ import annotations

import shutil
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from config import regions
from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, print_json
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.runs import executions, reports

app = Group(help="Reports, dashboards and the AWS console, in the browser.", no_args_is_help=True)

DASHBOARDS = ("pipeline", "training", "endpoint", "model-cache")
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="only print where it is")]
Execution = Annotated[str | None, typer.Argument(help="name of the execution; the newest when left out")]


@app.command()
def report(
    execution: Execution = None,
    model: Annotated[str | None, typer.Option(help="the reports of one model")] = None,
    kind: Annotated[str | None, typer.Option(help=f"one of {', '.join(reports.KINDS)}")] = None,
    output: Annotated[Path | None, typer.Option(help="folder to put them; out/reports/EXECUTION by default")] = None,
    no_browser: NoBrowser = False,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Open the reports of an execution; of a failed training they are rendered from what its job left."""
    if kind and kind not in reports.KINDS:
        raise KennelError(f"there is no report of kind {kind}; choose from {', '.join(reports.KINDS)}")
    session = Session(env)
    name = execution or executions.latest(session)
    folder = output or Path("out") / "reports" / name
    if output is None:
        shutil.rmtree(folder, ignore_errors=True)  # what an earlier look left there
    found = reports.fetch(session, name, folder, model=model or "", kinds=(kind,) if kind else reports.KINDS)
    paths = [item.path for item in found]
    if as_json:
        print_json([str(path) for path in paths])
    else:
        for path in paths:
            console.print(str(path), markup=False, soft_wrap=True)
    page = paths[0] if len(paths) == 1 else folder / reports.INDEX
    _open(page.resolve().as_uri(), no_browser or as_json)


@app.command()
def dashboard(
    which: Annotated[str, typer.Argument(help=f"one of {', '.join(DASHBOARDS)}")] = "pipeline",
    no_browser: NoBrowser = False,
    env: Environment = "local",
) -> None:
    """Open a CloudWatch dashboard of the environment."""
    if which not in DASHBOARDS:
        raise KennelError(f"there is no dashboard {which}; choose from {', '.join(DASHBOARDS)}")
    _need_account(env)
    session = Session(env)
    arn = session.output("StateMachineArn")
    url = f"{_console(arn, 'cloudwatch')}#dashboards/dashboard/{session.config.prefix}-{which}"
    console.print(url, markup=False, soft_wrap=True)
    _open(url, no_browser)


@app.command("console")
def console_page(execution: Execution = None, no_browser: NoBrowser = False, env: Environment = "local") -> None:
    """Open the state machine, or one execution of it, in the AWS console."""
    _need_account(env)
    session = Session(env)
    arn = session.output("StateMachineArn")
    place = f"executions/details/{executions.arn(session, execution)}" if execution else f"statemachines/view/{arn}"
    url = f"{_console(arn, 'states')}#/v2/{place}"
    console.print(url, markup=False, soft_wrap=True)
    _open(url, no_browser)


def _console(arn: str, service: str) -> str:
    """The console's address of a service, in the region of an ARN."""
    region = arn.split(":")[3]
    return f"https://{regions.console(region)}/{service}/home?region={region}"


def _need_account(environment: str) -> None:
    if environment == "local":
        raise KennelError(
            "the local cloud has no AWS console: `kennel pipeline show` has the states and jobs of a run, "
            "`kennel open report` its curves; --env dev or prod opens the console of an account"
        )


def _open(url: str, no_browser: bool) -> None:
    if not no_browser and not webbrowser.open(url):
        console.print("There is no browser here: open the above where there is one.", style="dim")
