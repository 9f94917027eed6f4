"""`kennel conformance` and `kennel models lint`: results, rule by rule."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kennel.cli.output import AsJson, console, print_json
from kennel.conformance.result import CheckResult
from kennel.errors import KennelError


def register(app: typer.Typer, models: typer.Typer) -> None:
    app.command()(conformance)
    models.command()(lint)


def conformance(
    url: Annotated[str, typer.Argument(help="where the container listens, such as http://localhost:8080")],
    model: Annotated[str, typer.Option(help="a folder with a model, as the container sees it")],
    payload: Annotated[Path, typer.Option(help="a file that the model answers")],
    content_type: Annotated[str, typer.Option(help="the payload's content type")] = "application/x-image",
    as_json: AsJson = False,
) -> None:
    """Check anyone's multi-model container against SageMaker's contract."""
    from kennel.conformance.container import Container, check

    if not payload.is_file():
        raise KennelError(f"{payload} does not exist or is not a file")
    _report(check(Container(url, model, payload.read_bytes(), content_type)), as_json)


def lint(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a model.tar.gz, or an unpacked one")],
    as_json: AsJson = False,
) -> None:
    """Check whether the server would serve an archive."""
    from kennel.conformance.archive import lint as check

    if not file.exists():
        raise KennelError(f"{file} does not exist")
    with tempfile.TemporaryDirectory() as scratch:
        _report(check(file, Path(scratch)), as_json)


def _report(results: Sequence[CheckResult], as_json: bool) -> None:
    """Print the results; exit code 1 when one is bad."""
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            mark = "[green]✓[/green]" if result.ok else "[red]✗[/red]"
            console.print(mark, result.name, end="" if result.detail else "\n")
            if result.detail:
                console.print(f": {result.detail}", style="" if not result.ok else "dim", markup=False)
    if not all(result.ok for result in results):
        raise typer.Exit(1)
