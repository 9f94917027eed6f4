"""Applies a function to many images in worker processes, and reports progress."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from imgcls.contract.dataset import DatasetError

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 32
_INLINE_BELOW = 8 * CHUNK
"""Starting processes costs more than this many images."""
_REPORT_EVERY_SECONDS = 2.0

Progress = Callable[[str], None]


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    function: Callable[[Item], Result], items: Iterable[Item], total: int, verb: str, workers: int, progress: Progress
) -> Iterator[Result]:
    """The results in the order of the `total` items; only a few chunks are in flight, so memory stays constant.

    Raises DatasetError if a worker process dies, which the decoder's limits should make impossible.
    """
    inline = workers <= 1 or total < _INLINE_BELOW
    return with_progress(map(function, items) if inline else _results(function, items, workers), total, verb, progress)


def with_progress(items: Iterable[Item], total: int, verb: str, progress: Progress) -> Iterator[Item]:
    """Passes the `total` items on, with a progress line every few seconds and at the end: `packed 6680 images ...`."""
    started = reported = time.monotonic()
    num = 0
    for num, result in enumerate(items, start=1):
        yield result
        now = time.monotonic()
        if now - reported >= _REPORT_EVERY_SECONDS:
            progress(f"{verb} {num} of {total} images, {num / (now - started):.0f} per second")
            reported = now
    seconds = max(time.monotonic() - started, 1e-6)
    progress(f"{verb} {num} images in {seconds:.1f} s, {num / seconds:.0f} per second")


def _results(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    chunks = _batched(items, CHUNK)
    # Forking a process that has threads (a CLI, a test run) may deadlock the child.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting = [pool.submit(_chunk, function, chunk) for chunk in islice(chunks, 4 * workers)]
        try:
            while waiting:
                results = waiting.pop(0).result()
                waiting += [pool.submit(_chunk, function, chunk) for chunk in islice(chunks, 1)]
                yield from results
        except BrokenProcessPool:
            raise DatasetError(
                "a worker process died, most likely for lack of memory: pass a smaller --workers"
            ) from None


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    return iter(lambda: list(islice(remaining, size)), [])


def _chunk(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    return [function(item) for item in items]
