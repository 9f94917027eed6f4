"""A group of verbs. Each verb with `--env` also takes `--project`."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from kennel.workspace import project

Verb = TypeVar("Verb", bound=Callable[..., Any])
ProjectFile = Annotated[
    Path | None,
    typer.Option(
        "--project", metavar="FILE", help="a kennel.yaml or its folder; the nearest one above if left out",
    ),
]  # fmt: skip


class Group(typer.Typer):
    """A typer app whose verbs know of projects."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Verb], Verb]:
        register = super().command(name, **options)

        def decorate(verb: Verb) -> Verb:
            register(_of_a_project(verb) if "env" in inspect.signature(verb).parameters else verb)
            return verb

        return decorate


def _of_a_project(verb: Callable[..., Any]) -> Callable[..., Any]:
    """`verb` with the option `--project`, which holds for this process and what it starts."""

    @functools.wraps(verb)
    def run(*arguments: Any, project_file: Path | None = None, **values: Any) -> Any:
        if project_file is not None:
            os.environ[project.VARIABLE] = str(project_file.expanduser().absolute())
        return verb(*arguments, **values)

    # typer reads annotations in the module of the function that it is given, which is this one.
    hints = get_type_hints(verb, include_extras=True)
    parameters = [
        parameter.replace(annotation=hints[name]) for name, parameter in inspect.signature(verb).parameters.items()
    ]
    option = inspect.Parameter("project_file", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ProjectFile)
    run.__signature__ = inspect.Signature([*parameters, option])  # type: ignore[attr-defined]
    run.__annotations__ = {**hints, "project_file": ProjectFile}
    return run
