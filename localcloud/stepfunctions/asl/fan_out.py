"""Parallel and Map: several lines of states at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from localcloud.stepfunctions.asl.data import Data
from localcloud.stepfunctions.asl.errors import RUNTIME, Cancelled, StatesError
from localcloud.stepfunctions.asl.line import Line

MAX_INLINE_CONCURRENCY = 40

State = Mapping[str, Any]
RunFlow = Callable[[State, Any, Line], Any]
Job = Callable[[Line], Any]  # runs on a line of its own


def run_parallel(state: State, view: Data, line: Line, run_flow: RunFlow) -> list[Any]:
    """The outputs of all branches, in their order."""
    value = view.fill(state["Parameters"]) if "Parameters" in state else view.input
    line.record("ParallelStateStarted")
    jobs: list[Job] = [partial(run_flow, flow, value) for flow in state["Branches"]]
    return _outputs("Parallel", line, jobs, len(jobs))


def run_map(name: str, state: State, view: Data, line: Line, run_flow: RunFlow) -> list[Any]:
    """The outputs of all iterations, in the order of their items."""
    items = view.find(state.get("ItemsPath", "$"), "ItemsPath")
    if not isinstance(items, list):
        raise StatesError(RUNTIME, f"Reference path '{state.get('ItemsPath', '$')}' must point to array.")
    line.record("MapStateStarted", {"length": len(items)})

    def iterate(index: int, branch: Line) -> Any:
        branch.context["Map"] = {"Item": {"Index": index, "Value": items[index]}}
        branch.record("MapIterationStarted", details := {"name": name, "index": index})
        try:
            output = _iteration(state, view, branch, items[index], run_flow)
        except (StatesError, Cancelled) as ending:
            event = "MapIterationAborted" if isinstance(ending, Cancelled) else "MapIterationFailed"
            branch.record(event, details)
            raise
        branch.record("MapIterationSucceeded", details)
        return output

    jobs: list[Job] = [partial(iterate, index) for index in range(len(items))]
    return _outputs("Map", line, jobs, _concurrency(state, view))


def _iteration(state: State, view: Data, branch: Line, item: Any, run_flow: RunFlow) -> Any:
    selector = state.get("ItemSelector", state.get("Parameters"))
    value = item if selector is None else Data(view.input, branch.context).fill(selector)
    return run_flow(state.get("ItemProcessor") or state["Iterator"], value, branch)


def _concurrency(state: State, view: Data) -> int:
    limit = state.get("MaxConcurrency", 0)
    if "MaxConcurrencyPath" in state:
        limit = view.find(state["MaxConcurrencyPath"], "MaxConcurrencyPath")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise StatesError(RUNTIME, f"MaxConcurrency must be a whole number of at least 0, found {limit!r}")
    return min(limit or MAX_INLINE_CONCURRENCY, MAX_INLINE_CONCURRENCY)


def _outputs(kind: str, line: Line, jobs: Sequence[Job], concurrency: int) -> list[Any]:
    branches = _Branches(line)
    try:
        outputs = branches.run(jobs, concurrency)
    except StatesError:
        branches.join()
        line.record(f"{kind}StateFailed")
        raise
    branches.join()
    line.record(f"{kind}StateSucceeded")
    return outputs


class _Branches:
    """Jobs on lines that begin where `line` stands; the first failure cancels the others."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._cancellation = line.cancellation.child()
        self._lines: list[Line] = []
        self._first_failure: Exception | None = None
        self._lock = threading.Lock()

    def run(self, jobs: Sequence[Job], concurrency: int) -> list[Any]:
        """The results in order. A failure is raised once every job has ended."""
        if not jobs:
            return []
        with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="states") as pool:
            futures = [pool.submit(self._guarded, job) for job in jobs]
        if self._first_failure is not None:
            raise self._first_failure
        return [future.result() for future in futures]

    def join(self) -> None:
        """Let the line go on after the last event of any branch."""
        self._line.last_event = max([self._line.last_event, *(branch.last_event for branch in self._lines)])

    def _guarded(self, job: Job) -> Any:
        self._cancellation.check()
        branch = self._line.branch(self._cancellation)
        with self._lock:
            self._lines.append(branch)
        try:
            return job(branch)
        except Cancelled:
            raise
        except Exception as failure:
            with self._lock:
                self._first_failure = self._first_failure or failure
            self._cancellation.cancel()
            raise
