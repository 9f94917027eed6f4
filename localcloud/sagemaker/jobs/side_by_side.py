"""The containers of one job, one a host: they run at the same time and end together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass

from localcloud.sagemaker.jobs.container import Container, EarlyEnd, Ending, EndSignal, Exit

PEER_GRACE_SECONDS = 10.0
# Of processes that talk to each other, those that only lost the other may end first: wait for the one that caused it.
_FAIL_TOGETHER_SECONDS = 1.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Outcome:
    """How the containers of a job ended. failed: the position and exit of the first that failed by itself."""

    ending: Ending
    failed: tuple[int, Exit] | None = None


def run_side_by_side(containers: Sequence[Container], early_end: Callable[[], EarlyEnd | None]) -> Outcome:
    """Run all to their ends. The first that fails ends the others; `early_end`, asked all the time, ends them all."""
    end = EndSignal()
    failed: dict[int, Exit] = {}
    first_failure = float("inf")
    with ThreadPoolExecutor(len(containers), thread_name_prefix="container") as pool:
        positions = {pool.submit(container.run, end): number for number, container in enumerate(containers)}
        running: set[Future[Exit]] = set(positions)
        try:
            while running:
                done, running = wait_for(running, _POLL_SECONDS, FIRST_COMPLETED)
                for future in done:
                    if future.result().failed and end.reason is None:
                        failed[positions[future]] = future.result()
                        first_failure = min(first_failure, time.monotonic())
                if time.monotonic() >= first_failure + _FAIL_TOGETHER_SECONDS:
                    end.give(EarlyEnd("peer_failed", PEER_GRACE_SECONDS))
                if reason := early_end():
                    end.give(reason)
        except BaseException:
            end.give(EarlyEnd("closed"))
            raise
    if failed:
        return Outcome("exited", min(failed.items(), key=lambda item: item[1].moment))
    exits = [future.result() for future in positions]
    return Outcome(next((ended.ending for ended in exits if ended.ending != "exited"), "exited"))
