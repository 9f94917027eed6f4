"""`kennel data`: draw a sample data set, check one, bring one in, upload one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kennel import data
from kennel.cli.output import AsJson, Environment, console, errors, print_json
from kennel.errors import KennelError
from kennel.session import Session

app = typer.Typer(help="Data sets.", no_args_is_help=True)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="a new or empty folder")],
    layout: Annotated[str, typer.Option(help="breeds (train/ valid/ test/) or cats-dogs (class folders)")] = "breeds",
    classes: Annotated[int, typer.Option(help="number of classes (breeds)")] = 4,
    per_class: Annotated[int, typer.Option(help="images of a class, over all splits")] = 40,
    seed: Annotated[int, typer.Option(help="the same seed draws the same bytes")] = 1,
    as_json: AsJson = False,
) -> None:
    """Draw a small data set that a network can learn from."""
    from samples import draw

    if folder.is_dir() and any(folder.iterdir()):
        raise KennelError(f"{folder} is not empty: give a new folder")
    try:
        summary = draw(folder, layout, classes, per_class, seed)
    except ValueError as error:
        raise KennelError(str(error)) from None
    if as_json:
        print_json(asdict(summary))
    else:
        console.print(f"{summary.num_images} images of {len(summary.classes)} classes in {folder}")


@app.command()
def upload(
    folder: Annotated[Path, typer.Argument(help="holds train/ valid/ test/, or the class folders")],
    dataset: Annotated[str, typer.Option(help="name of the data set in the data bucket")],
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Upload a data set: only what is missing or changed, every file's SHA-256 checked by the service."""
    session = Session(env)
    paths = data.files(folder)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(f"Uploading {folder}", total=len(paths))
        done = data.upload(
            session.client("s3"),
            session.output("DataBucket"),
            folder,
            dataset,
            progress=lambda number, size: bar.advance(task, number),
        )
    if as_json:
        print_json(asdict(done))
        return
    console.print(f"{done.uri}: {done.sent} files sent ({done.bytes_sent / 1e6:.1f} MB), {done.unchanged} were there")
    if done.extra:
        console.print(
            f"{done.extra} objects of the data set are not in {folder}; they stay and are used", style="yellow"
        )
