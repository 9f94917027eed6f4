"""The containers of one job, one a host: they run at the same time and end together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass

from localcloud.sagemaker.jobs.container import Container, EarlyEnd, Ending, EndSignal, Exit

PEER_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Outcome:
    """How the containers of a job ended. failed: the position and exit of the first that failed by itself."""

    ending: Ending
    failed: tuple[int, Exit] | None = None


def run_side_by_side(containers: Sequence[Container], early_end: Callable[[], EarlyEnd | None]) -> Outcome:
    """Run all to their ends. The first that fails ends the others; `early_end`, asked all the time, ends them all."""
    end = EndSignal()
    failed: tuple[int, Exit] | None = None
    with ThreadPoolExecutor(len(containers), thread_name_prefix="container") as pool:
        positions = {pool.submit(container.run, end): number for number, container in enumerate(containers)}
        running: set[Future[Exit]] = set(positions)
        try:
            while running:
                done, running = wait_for(running, _POLL_SECONDS, FIRST_COMPLETED)
                for future in done:
                    if future.result().failed and end.reason is None:
                        failed = positions[future], future.result()
                        end.give(EarlyEnd("peer_failed", PEER_GRACE_SECONDS))
                if reason := early_end():
                    end.give(reason)
        except BaseException:
            end.give(EarlyEnd("closed"))
            raise
    if failed is not None:
        return Outcome("exited", failed)
    exits = [future.result() for future in positions]
    return Outcome(next((ended.ending for ended in exits if ended.ending != "exited"), "exited"))
