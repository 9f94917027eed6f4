"""A progress bar over an epoch's batches on a terminal; nothing where the output is a log."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def track(items: Iterable[Item], *, total: int, description: str, done: int = 0) -> Iterable[Item]:
    """The same items; a bar is shown until the last one where stdout is a terminal and rich is installed."""
    if not sys.stdout.isatty() or not importlib.util.find_spec("rich"):
        return items
    return _bar(items, total, description, done)


def _bar(items: Iterable[Item], total: int, description: str, done: int) -> Iterator[Item]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("batches"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task(description, total=total, completed=done)
        for item in items:
            yield item
            bar.advance(task)
