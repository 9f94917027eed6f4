"""Waiting for what a service deletes in its own time, within the time that a function has."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

POLL_SECONDS = 5.0
MAX_SECONDS = 13 * 60.0
"""A function ends after 15 minutes; the answer to CloudFormation needs some of them."""


def until_none(find: Callable[[], Sequence[str]], what: str, *, seconds: float = MAX_SECONDS) -> None:
    """Return once `find` finds nothing. Raises TimeoutError naming what is left."""
    deadline = time.monotonic() + seconds
    while left := find():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} {', '.join(left)} still exist after {seconds / 60:.0f} minutes: destroy again")
        time.sleep(POLL_SECONDS)
