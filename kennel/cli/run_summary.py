"""A run's result per model: outcome, findings, best hyperparameters, place of the reports; and its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imgcls.reports.search import Search, shown
from kennel.cli.output import console, print_table
from kennel.cloud.session import Session
from kennel.models import staged
from kennel.runs import earlier_run
from kennel.runs.earlier_run import TrainedWith
from kennel.runs.executions import Run


def print_outcomes(session: Session, run: Run) -> None:
    """Print the outcome of each model; nothing before the execution has outcomes."""
    for item in outcomes(run):
        console.print()
        for line in lines(item, earlier_run.read(session, run.name, item["model"]), run.name):
            console.print(line, markup=False, soft_wrap=True)
    print_how_to_publish(session, run)


def print_how_to_publish(session: Session, run: Run) -> None:
    """Print what to do about versions that wait for the endpoint; nothing where there is none."""
    names = [item["model"] for item in outcomes(run) if item["outcome"] == "staged"]
    if names:
        console.print(f"\nTo test and publish {', '.join(names)}: {staged.command(session)}", markup=False)


def outcomes(run: Run) -> list[Mapping[str, Any]]:
    """One per model. Those of an execution that failed are in the input of its last state."""
    ending = next((visit.input for visit in run.visits if visit.state == "PipelineFailed"), {})
    output = run.output if isinstance(run.output, dict) else ending
    return list(output.get("outcomes", []))


def lines(outcome: Mapping[str, Any], used: TrainedWith | None, execution: str) -> list[str]:
    """One model's outcome as lines of text."""
    text = [f"{outcome['model']} {outcome['outcome']}: {outcome.get('reason', '')}"]
    findings = outcome.get("findings", [])
    text.append(f"  findings  {', '.join(findings) if findings else 'none of the rules fired'}")
    if used is not None and used.best_trial:
        values = ", ".join(f"{name}={shown(value)}" for name, value in used.values.items() if value != {})
        text.append(f"  trained with {values}")
        text.append(f"  best trial {used.best_trial}; all of them: kennel pipeline trials {execution}")
    if outcome.get("reports_uri"):
        text.append(f"  reports   {outcome['reports_uri']} (kennel open report {execution})")
    return text


def print_search(search: Search) -> None:
    """Print the trials of one search, best first."""
    columns: Sequence[str] = ("trial", "status", search.objective, "seconds", *search.varied)
    rows = [
        (
            trial.name,
            trial.status,
            shown(trial.objective),
            shown(trial.seconds),
            *(shown(trial.values.get(name)) for name in search.varied),
        )
        for trial in search.ranked
    ]
    print_table(columns, rows, title=f"{search.model}: {search.name} ({search.kind})")
