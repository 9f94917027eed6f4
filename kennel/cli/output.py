"""What the command prints: tables for people, JSON for programs, one sentence for mistakes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 240
"""A pipe has no width: tables must not be cut to a terminal's."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
errors = Console(stderr=True, highlight=False)

Environment = Annotated[str, typer.Option("--env", envvar="KENNEL_ENV", help="an environment of the project")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def print_json(value: Any) -> None:
    """Plain JSON, never wrapped or coloured: it is for programs."""
    print(json.dumps(value, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    table = Table(*columns, title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table)


def duration(seconds: float | None) -> str:
    """`75` -> `1m15s`."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
