"""Parallel and Map: several lines of states at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from localcloud.stepfunctions.asl.data import Data
from localcloud.stepfunctions.asl.errors import RUNTIME, Cancelled, StatesError
from localcloud.stepfunctions.asl.line import Cancellation, Line

MAX_INLINE_CONCURRENCY = 40

RunFlow = Callable[[Mapping[str, Any], Any, Line], Any]
Job = Callable[[Cancellation], Any]


def run_parallel(state: Mapping[str, Any], view: Data, line: Line, run_flow: RunFlow) -> list[Any]:
    """The outputs of all branches, in their order."""
    value = view.fill(state["Parameters"]) if "Parameters" in state else view.input
    line.record("ParallelStateStarted")
    branches: list[Line] = []

    def job(flow: Mapping[str, Any]) -> Job:
        def run(cancellation: Cancellation) -> Any:
            branch = line.branch(cancellation)
            branches.append(branch)
            return run_flow(flow, value, branch)

        return run

    try:
        outputs = _all([job(flow) for flow in state["Branches"]], len(state["Branches"]), line)
    except StatesError:
        _join(line, branches)
        line.record("ParallelStateFailed")
        raise
    _join(line, branches)
    line.record("ParallelStateSucceeded")
    return outputs


def run_map(name: str, state: Mapping[str, Any], view: Data, line: Line, run_flow: RunFlow) -> list[Any]:
    """The outputs of all iterations, in the order of their items."""
    items = view.find(state.get("ItemsPath", "$"), "ItemsPath")
    if not isinstance(items, list):
        raise StatesError(RUNTIME, f"Reference path '{state.get('ItemsPath', '$')}' must point to array.")
    selector = state.get("ItemSelector", state.get("Parameters"))
    flow = state.get("ItemProcessor") or state["Iterator"]
    line.record("MapStateStarted", {"length": len(items)})
    branches: list[Line] = []

    def job(index: int, item: Any) -> Job:
        def run(cancellation: Cancellation) -> Any:
            branch = line.branch(cancellation, {"Map": {"Item": {"Index": index, "Value": item}}})
            branches.append(branch)
            return _iteration(name, index, branch, selector, view, item, flow, run_flow)

        return run

    try:
        outputs = _all([job(index, item) for index, item in enumerate(items)], _concurrency(state, view), line)
    except StatesError:
        _join(line, branches)
        line.record("MapStateFailed")
        raise
    _join(line, branches)
    line.record("MapStateSucceeded")
    return outputs


def _iteration(
    name: str,
    index: int,
    branch: Line,
    selector: Any,
    view: Data,
    item: Any,
    flow: Mapping[str, Any],
    run_flow: RunFlow,
) -> Any:
    details = {"name": name, "index": index}
    branch.record("MapIterationStarted", details)
    try:
        value = item if selector is None else Data(view.input, branch.context).fill(selector)
        output = run_flow(flow, value, branch)
    except StatesError:
        branch.record("MapIterationFailed", details)
        raise
    except Cancelled:
        branch.record("MapIterationAborted", details)
        raise
    branch.record("MapIterationSucceeded", details)
    return output


def _concurrency(state: Mapping[str, Any], view: Data) -> int:
    limit = state.get("MaxConcurrency", 0)
    if "MaxConcurrencyPath" in state:
        limit = view.find(state["MaxConcurrencyPath"], "MaxConcurrencyPath")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise StatesError(RUNTIME, f"MaxConcurrency must be a whole number of at least 0, found {limit!r}")
    return min(limit or MAX_INLINE_CONCURRENCY, MAX_INLINE_CONCURRENCY)


def _all(jobs: Sequence[Job], concurrency: int, line: Line) -> list[Any]:
    """Run all jobs; the first failure cancels the others, and is raised after they have ended."""
    if not jobs:
        return []
    cancellation = line.cancellation.child()
    first_failure: list[BaseException] = []
    lock = threading.Lock()

    def guarded(job: Job) -> Any:
        cancellation.check()
        try:
            return job(cancellation)
        except Cancelled:
            raise
        except Exception as failure:
            with lock:
                first_failure.append(failure)
            cancellation.cancel()
            raise

    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="states") as pool:
        futures = [pool.submit(guarded, job) for job in jobs]
        wait(futures, return_when=FIRST_EXCEPTION)
    if first_failure:
        raise first_failure[0]
    return [future.result() for future in futures]


def _join(line: Line, branches: Sequence[Line]) -> None:
    line.last_event = max([line.last_event, *(branch.last_event for branch in branches)])
