"""`kennel batch`: classify a whole folder or prefix with a batch transform job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kennel.cli.output import AsJson, Environment, console, errors, print_json
from kennel.cloud.session import Session
from kennel.errors import KennelError, require_place, writing
from kennel.models import batch as batches
from kennel.models.batch_results import Progress as Told


def register(app: typer.Typer) -> None:
    app.command()(batch)


def batch(
    source: Annotated[str, typer.Argument(metavar="FOLDER|S3_PREFIX", help="a folder, or s3://DATA_BUCKET/batch/...")],
    model: Annotated[str, typer.Option(help="a published model; its alias says which version")],
    output: Annotated[Path | None, typer.Option(help="file for the answers; JOB.jsonl when left out")] = None,
    instance_type: Annotated[str | None, typer.Option(help="the endpoint's own when left out")] = None,
    top_k: Annotated[int, typer.Option(min=1, help="how many labels")] = 5,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Classify every image below a folder or S3 prefix; one JSON line each. Needs no running endpoint."""
    if output is not None:
        require_place(output)
    session = Session(env)
    with _progress() as progress:
        outcome = batches.run(session, source, model, instance_type=instance_type, top_k=top_k, progress=progress)
    path = output or Path(f"{outcome.job}.jsonl")
    partial = path.with_name(path.name + ".partial")
    try:
        with writing(path):
            partial.write_text("".join(f"{json.dumps(answer, ensure_ascii=False)}\n" for answer in outcome.answers))
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    num_images, refused = len(outcome.answers), outcome.num_refused
    for line in outcome.notes:
        errors.print(line, style="yellow", markup=False)
    if as_json:
        summary = {"job": outcome.job, "target_model": outcome.target_model, "status": outcome.status}
        print_json({**summary, "images": num_images, "refused": refused, "output": str(path)})
    else:
        console.print(f"{num_images - refused} of {num_images} images answered by {outcome.target_model}: {path}")
    if refused:
        raise KennelError(f'{refused} of {num_images} images have no answer: see "error" in {path}')
    if outcome.status != "Completed":
        raise KennelError(f"the job {outcome.job} ended {outcome.status}: {outcome.reason}")


@contextmanager
def _progress() -> Iterator[Told]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
