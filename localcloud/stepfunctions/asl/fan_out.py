"""Parallel and Map: several branches at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.branch import Branch
from localcloud.stepfunctions.asl.data_limit import check_size
from localcloud.stepfunctions.asl.errors import RUNTIME, Cancelled, StatesError
from localcloud.stepfunctions.asl.scope import Scope
from localcloud.stepfunctions.asl.states import Flow, MapState, ParallelState

MAX_INLINE_CONCURRENCY = 40

RunFlow = Callable[[Flow, JSON, Branch], JSON]
Body = Callable[[Branch], JSON]  # runs on a branch of its own


def run_parallel(state: ParallelState, scope: Scope, branch: Branch, run_flow: RunFlow) -> list[JSON]:
    """The outputs of all branches, in their order."""
    value = scope.fill(state["Parameters"]) if "Parameters" in state else scope.input
    branch.record("ParallelStateStarted")
    bodies: list[Body] = [partial(run_flow, flow, value) for flow in state["Branches"]]
    return _outputs("Parallel", branch, bodies, len(bodies))


def run_map(name: str, state: MapState, scope: Scope, branch: Branch, run_flow: RunFlow) -> list[JSON]:
    """The outputs of all iterations, in the order of their items."""
    items = scope.find(state.get("ItemsPath", "$"), "ItemsPath")
    if not isinstance(items, list):
        raise StatesError(RUNTIME, f"Reference path '{state.get('ItemsPath', '$')}' must point to array.")
    branch.record("MapStateStarted", {"length": len(items)})

    def iterate(index: int, iteration: Branch) -> JSON:
        iteration.context["Map"] = {"Item": {"Index": index, "Value": items[index]}}
        iteration.record("MapIterationStarted", details := {"name": name, "index": index})
        try:
            output = _iteration(name, state, scope, iteration, items[index], run_flow)
        except (StatesError, Cancelled) as ending:
            event = "MapIterationAborted" if isinstance(ending, Cancelled) else "MapIterationFailed"
            iteration.record(event, details)
            raise
        iteration.record("MapIterationSucceeded", details)
        return output

    bodies: list[Body] = [partial(iterate, index) for index in range(len(items))]
    return _outputs("Map", branch, bodies, _concurrency(state, scope))


def _iteration(name: str, state: MapState, scope: Scope, iteration: Branch, item: JSON, run_flow: RunFlow) -> JSON:
    selector = state.get("ItemSelector", state.get("Parameters"))
    value = item if selector is None else Scope(scope.input, iteration.context).fill(selector)
    check_size(value, name)
    return run_flow(state.get("ItemProcessor") or state["Iterator"], value, iteration)


def _concurrency(state: MapState, scope: Scope) -> int:
    limit: JSON = state.get("MaxConcurrency", 0)
    if "MaxConcurrencyPath" in state:
        limit = scope.find(state["MaxConcurrencyPath"], "MaxConcurrencyPath")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise StatesError(RUNTIME, f"MaxConcurrency must be a whole number of at least 0, found {limit!r}")
    return min(limit or MAX_INLINE_CONCURRENCY, MAX_INLINE_CONCURRENCY)


def _outputs(kind: str, branch: Branch, bodies: Sequence[Body], concurrency: int) -> list[JSON]:
    fan_out = _FanOut(branch)
    try:
        outputs = fan_out.run(bodies, concurrency)
    except StatesError:
        fan_out.join()
        branch.record(f"{kind}StateFailed")
        raise
    fan_out.join()
    branch.record(f"{kind}StateSucceeded")
    return outputs


class _FanOut:
    """Runs bodies on branches that fork from `parent`; the first failure cancels the others."""

    def __init__(self, parent: Branch) -> None:
        self._parent = parent
        self._cancellation = parent.cancellation.child()
        self._branches: list[Branch] = []
        self._first_failure: Exception | None = None
        self._lock = threading.Lock()

    def run(self, bodies: Sequence[Body], concurrency: int) -> list[JSON]:
        """The results in order. A failure is raised once every body has ended."""
        if not bodies:
            return []
        with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="states") as pool:
            futures = [pool.submit(self._guarded, body) for body in bodies]
        if self._first_failure is not None:
            raise self._first_failure
        return [future.result() for future in futures]

    def join(self) -> None:
        """Let the parent continue after the last event of any branch."""
        self._parent.last_event = max([self._parent.last_event, *(each.last_event for each in self._branches)])

    def _guarded(self, body: Body) -> JSON:
        self._cancellation.check()
        branch = self._parent.fork(self._cancellation)
        with self._lock:
            self._branches.append(branch)
        try:
            return body(branch)
        except Cancelled:
            raise
        except Exception as failure:
            with self._lock:
                self._first_failure = self._first_failure or failure
            self._cancellation.cancel()
            raise
