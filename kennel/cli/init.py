"""`kennel init`: look at a folder of images, propose a project for it, write kennel.yaml."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from imgcls.contract.artifact import ARCHITECTURES
from kennel.cli.output import AsJson, console, errors, print_json, print_table
from kennel.errors import KennelError
from kennel.new_project import inspection, names, proposal, recipes, splits, summary, write
from kennel.new_project.inspection import Inspection
from kennel.new_project.names import Names
from kennel.new_project.recipes import Choice

PROGRESS_AFTER_SECONDS = 1.0
_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
Ask = Callable[[str, str, str, Callable[[str], str]], str]
"""Flag, question, proposal and check -> the answer. The check raises KennelError for one that will not do."""


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="where kennel.yaml goes; made where it is missing")
    ] = Path(),
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="class folders, or train/ valid/ test/ of class folders")
    ] = None,
    name: Annotated[str | None, typer.Option(help="of the model; of the project too, without --project-name")] = None,
    project_name: Annotated[str | None, typer.Option(help="of the project")] = None,
    architecture: Annotated[str | None, typer.Option(help=f"the network: {', '.join(ARCHITECTURES)}")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="take every proposal; nothing is asked")] = False,
    as_json: AsJson = False,
) -> None:
    """Write kennel.yaml for a folder of images: a project of your own, ready to deploy and train."""
    ask = _take_proposal if yes else _ask if sys.stdin.isatty() else _refuse_to_ask
    model_given = None if name is None else names.check_model(name)
    project_given = None if project_name is None else names.check_project(project_name)
    network_given = None if architecture is None else recipes.given(architecture)
    folder = (data or Path(ask("--data", "Folder of images", "", str))).expanduser()
    write.check_target(target, folder)
    with _progress() as progress:
        found = inspection.look(folder, progress)
        split = splits.propose(found, progress)
    chosen = _names(folder, model_given, project_given, ask)
    new = write.compose(proposal.tree(found, split, chosen, network_given or _network(found, ask)))
    files = write.write(new, target)
    next_ = list(_next_commands(target, found, chosen))
    prices = summary.prices(new.configs)
    if as_json:
        found_json = summary.as_json(found, split)
        written = [str(path) for path in files]
        print_json({"found": found_json, "project": new.values, "prices": prices, "written": written, "next": next_})
        return
    _print_table(summary.rows(found, split), title=str(folder))
    for note in summary.notes(found, split):
        console.print(f"Note: {note}", style="yellow", markup=False, soft_wrap=True)
    console.print(f"\nWrote {files[0]}, which says what was proposed and why:", markup=False, soft_wrap=True)
    _print_table(summary.proposed(new, prices))
    console.print("\nNext:")
    for command in next_:
        console.print(f"  {command}", markup=False, soft_wrap=True)


def _print_table(rows: Iterable[tuple[str, str]], title: str | None = None) -> None:
    """Names of folders may look like rich's markup."""
    print_table(("", ""), [(name, escape(text)) for name, text in rows], title=title and escape(title))


def _names(folder: Path, model: str | None, project: str | None, ask: Ask) -> Names:
    dataset = names.dataset(folder)
    proposed = names.model(dataset)
    chosen = model or ask("--name", "Name of the model", proposed, names.check_model)
    like = names.project(dataset if chosen == proposed else chosen)
    if project is None:
        # A model that is named by a flag names the project too.
        project = like if model else ask("--project-name", "Name of the project", like, names.check_project)
    return Names(project, dataset, chosen)


def _network(found: Inspection, ask: Ask) -> Choice:
    proposed = recipes.propose(found)
    question = f"Network ({', '.join(ARCHITECTURES)})"
    answer = ask("--architecture", question, proposed.network, lambda word: recipes.given(word).network)
    return proposed if answer == proposed.network else recipes.given(answer)


def _take_proposal(flag: str, question: str, proposed: str, check: Callable[[str], str]) -> str:
    return proposed or _refuse_to_ask(flag, question, proposed, check)


def _refuse_to_ask(flag: str, question: str, proposed: str, check: Callable[[str], str]) -> str:
    if not proposed:
        raise KennelError(f"{flag} is missing: give the folder of images")
    raise KennelError(
        f"{flag} is missing, and there is no terminal to ask at: give it, or --yes to take the proposals ({proposed})"
    )


def _ask(flag: str, question: str, proposed: str, check: Callable[[str], str]) -> str:
    while True:
        try:
            # On stderr: what --json prints is for programs.
            return check(typer.prompt(question, default=proposed or None, err=True))
        except KennelError as error:
            errors.print(str(error), style="red", markup=False)


@contextmanager
def _progress() -> Iterator[inspection.Progress]:
    """A bar on stderr, once it takes longer than a second."""
    bar = Progress(*_COLUMNS, console=errors, transient=True, disable=not errors.is_terminal)
    task = bar.add_task("", total=None)
    timer = threading.Timer(PROGRESS_AFTER_SECONDS, bar.start)
    timer.start()
    try:
        yield lambda work, done, total: bar.update(task, description=work, completed=done, total=total or None)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


def _next_commands(target: Path, found: Inspection, chosen: Names) -> Iterator[str]:
    """From here to an answer, to be typed as they are."""
    here = target.resolve() == Path.cwd()
    folder = found.folder if here else found.folder.resolve()
    image = min(path for paths in found.classes[0].files.values() for path in paths)
    image = folder / image.relative_to(found.folder)
    if not here:
        yield shlex.join(["cd", str(target)])
    yield "kennel local up"
    yield "kennel deploy"
    yield shlex.join(["kennel", "data", "upload", str(folder), "--dataset", chosen.dataset])
    yield "kennel pipeline start --wait"
    yield shlex.join(["kennel", "predict", str(image), "--model", chosen.model])
