"""A progress bar over an epoch's batches where someone watches; nothing where the output is a log."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")


def track(items: Iterable[Item], *, total: int, description: str) -> Iterable[Item]:
    """The same items, with a bar that vanishes at the end when stdout is a terminal and rich is installed."""
    if not sys.stdout.isatty() or not importlib.util.find_spec("rich"):
        return items
    from rich.progress import track as rich_track

    return rich_track(items, description=description, total=total, transient=True)
