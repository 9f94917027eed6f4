"""`kennel data`: draw a sample data set, check one, bring one in, upload one."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from imgcls.contract.dataset import DatasetError, DatasetSettings
from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, errors, print_json, print_table
from kennel.cloud.session import Session
from kennel.datasets import archives, uploads
from kennel.errors import KennelError, writing
from kennel.workspace import project

COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

app = Group(help="Data sets.", no_args_is_help=True)


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
def check(
    folder: Annotated[Path, typer.Argument(help="holds train/ valid/ test/, or the class folders")],
    dataset: Annotated[str | None, typer.Option(help="a data set of the configuration, for its settings")] = None,
    layout: Annotated[str | None, typer.Option(help="splits, or classes where a class is called train")] = None,
    report: Annotated[Path | None, typer.Option(help="write the report, one HTML file, here")] = None,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Look at every image as the Prepare step would; writes nothing but the report. Exit code 1 if it would refuse."""
    from imgcls.preparation import run
    from imgcls.preparation.report import render

    try:
        settings = _settings(env, dataset)
        settings = replace(settings, layout=layout).checked() if layout else settings
        checked = run.check(folder, settings, progress=lambda line: errors.print(line, markup=False))
    except DatasetError as error:
        raise KennelError(str(error)) from None
    if report:
        with writing(report):
            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text(render(checked))
    header, assessment = checked.header, checked.assessment
    if as_json:
        print_json(
            {
                "manifest_id": header.id,
                "classes": header.classes,
                "counts": header.counts,
                "failures": assessment.failures,
                "notes": assessment.notes,
            }
        )
    else:
        print_table(
            ("split", "images"), sorted(header.counts.items()), title=f"{folder}: {len(header.classes)} classes"
        )
        for line in assessment.notes:
            console.print(line, style="yellow", markup=False)
        for line in assessment.failures:
            console.print(line, style="red", markup=False)
        if report:
            console.print(f"The report is {report}")
    if assessment.failures:
        raise typer.Exit(1)


def _settings(env: str, dataset: str | None) -> DatasetSettings:
    """The configured data set's settings, or those that fit any folder."""
    if dataset is None:
        return DatasetSettings()
    config = project.config(env)
    known = [item.name for item in config.datasets]
    if dataset not in known:
        raise KennelError(f"there is no data set {dataset} in {env}; choose from {', '.join(known)}")
    return DatasetSettings.from_dict(config.dataset(dataset).settings())


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(metavar="ARCHIVE_OR_URL", help="a .zip or .tar, such as dogImages.zip")],
    folder: Annotated[Path, typer.Argument(help="where the images go")],
    as_json: AsJson = False,
) -> None:
    """Unpack a public data set's archive into class folders; a second run does only what is missing."""
    with Progress(*COLUMNS, console=errors, transient=True) as bar:
        task = bar.add_task(source, total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        archive = Path(source)
        if source.startswith(("http://", "https://")):
            archive = archives.download(source, folder.parent, progress=told)
        done = archives.unpack(archive, folder, progress=told)
    if as_json:
        print_json(asdict(done))
        return
    console.print(
        f"{done.written} images written to {folder}, {done.present} were there, {done.skipped} other files left out"
    )
    for line in done.notes:
        console.print(line, style="yellow", markup=False)


@app.command()
def upload(
    folder: Annotated[Path, typer.Argument(help="holds train/ valid/ test/, or the class folders")],
    dataset: Annotated[str, typer.Option(help="name of the data set in the data bucket")],
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Upload a data set: only what is missing or changed, every file's SHA-256 checked by the service."""
    session = Session(env)
    paths = uploads.images(folder).paths
    with Progress(*COLUMNS, console=errors, transient=True) as bar:
        task = bar.add_task(f"Uploading {folder}", total=len(paths))
        done = uploads.upload(
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
    for line in done.notes:
        console.print(line, style="yellow", markup=False)
    if done.extra:
        console.print(
            f"{done.extra} objects of the data set are not in {folder}; they stay and are used", style="yellow"
        )
