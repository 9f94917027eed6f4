"""`kennel preflight`: everything that can be known before the money."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from kennel.cli import preflight_spend as spend_run
from kennel.cli.finding_lines import print_result
from kennel.cli.output import AsJson, Environment, console, errors, print_json
from kennel.errors import require_place, writing
from kennel.preflight import report, run
from kennel.preflight.finding import Level
from kennel.preflight.never_run import FREE, SPEND, Row
from kennel.preflight.run import Result
from kennel.workspace import project

Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="also write it without account numbers and addresses; - for stdout"),
]


Spend = Annotated[
    float | None,
    typer.Option(metavar="USD", min=0, help="then run the smallest real job of each kind, if it cannot cost more"),
]


def register(app: typer.Typer) -> None:
    app.command()(preflight)


def preflight(write: Report = None, spend: Spend = None, env: Environment = "local", as_json: AsJson = False) -> None:
    """Check account, quotas, permissions and templates. Costs nothing, changes nothing. Exit code 1 on errors."""
    region = project.config(env).region  # refuses an unknown name, before the checks
    if write is not None and not _to_stdout(write):
        require_place(write)
    results = _run(env, quiet=as_json or _to_stdout(write))
    settled = run.settled_free(results)
    failed = any(finding.level is Level.ERROR for result in results for finding in result.findings)
    if spend is not None and not failed:
        smoke, rows = spend_run.run(env, spend, quiet=as_json or _to_stdout(write))
        results.append(smoke)
        settled |= rows
        failed = any(finding.level is Level.ERROR for finding in smoke.findings)
    still = run.open_rows(settled)
    if write is not None:
        text = report.render(env, region, results, settled, still)
        if _to_stdout(write):
            sys.stdout.write(text)
        else:
            with writing(write):
                write.write_text(text)
    if as_json:
        print_json(_to_json(results, settled, still))
    elif not _to_stdout(write):
        _print_end(results, settled, still)
    if failed:
        raise typer.Exit(1)


def _to_stdout(write: Path | None) -> bool:
    return write is not None and str(write) == "-"


def _run(environment: str, *, quiet: bool) -> list[Result]:
    """Prints each check as it ends."""
    results = []
    # On stderr, so that what is printed can be piped.
    with errors.status("preflight") as status:
        for result in run.run(environment, begin=lambda about: status.update(f"looking at {about}")):
            results.append(result)
            if not quiet:
                status.stop()  # what is printed would go on in its line
                print_result(result, console)
                status.start()
    return results


def _print_end(results: Sequence[Result], settled: set[str], still: Sequence[Row]) -> None:
    levels = Counter(finding.level for result in results for finding in result.findings)
    counts = (f"{levels[level]} {level}" for level in Level if levels[level])
    console.print(f"\n[bold]{', '.join(counts)}[/]")
    console.print(f"\nSettled of docs/never-run.md: {', '.join(sorted(settled)) or 'nothing'}")
    groups = {
        "Open, no check above settled them": [row.id for row in still if row.settled_by == FREE],
        "Open, `kennel preflight --spend` settles them": [row.id for row in still if row.settled_by == SPEND],
        "Open, a person must look": [row.id for row in still if row.settled_by not in (FREE, SPEND)],
    }
    for title, ids in groups.items():
        if ids:
            console.print(f"{title}:", markup=False)
            for line in Text(", ".join(ids)).wrap(console, console.width - 2):
                line.rstrip()
                console.print(Text("  ") + line, soft_wrap=True)


def _to_json(results: Sequence[Result], settled: set[str], still: Sequence[Row]) -> dict[str, object]:
    return {
        "checks": [
            {"check": result.check, "findings": [asdict(finding) for finding in result.findings]} for result in results
        ],
        "settled": sorted(settled),
        "open": [{"id": row.id, "settled_by": row.settled_by.strip("`")} for row in still],
    }
