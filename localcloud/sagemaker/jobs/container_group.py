"""The containers of one job, one per host: they run at the same time and end together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass

from localcloud.sagemaker.jobs.container import Container, Ending, Exit, Termination, TerminationSignal

PEER_GRACE_SECONDS = 10.0
# Processes that lost their peer may exit before the one that caused the failure: give that one time to exit too.
_FAIL_TOGETHER_SECONDS = 1.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Outcome:
    """How the containers of a job ended. failed: position and exit of the first one that failed by itself."""

    ending: Ending
    failed: tuple[int, Exit] | None = None


def run_concurrently(containers: Sequence[Container], termination: Callable[[], Termination | None]) -> Outcome:
    """Run all containers to their ends.

    The first that fails ends the others. `termination` is polled; as soon as it returns a Termination, all are ended.
    """
    end = TerminationSignal()
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
                    end.give(Termination("peer_failed", PEER_GRACE_SECONDS))
                if reason := termination():
                    end.give(reason)
        except BaseException:
            end.give(Termination("closed"))
            raise
    if failed:
        return Outcome("exited", min(failed.items(), key=lambda item: item[1].moment))
    exits = [future.result() for future in positions]
    return Outcome(next((ended.ending for ended in exits if ended.ending != "exited"), "exited"))
