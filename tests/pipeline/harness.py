"""Runs the state machine in the local cloud's interpreter with scripted tasks and without waiting."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import config
from config.app import AppConfig
from localcloud.stepfunctions.asl.branch import Branch
from localcloud.stepfunctions.asl.cancellation import Cancellation
from localcloud.stepfunctions.asl.errors import StatesError
from localcloud.stepfunctions.asl.history import History, HistoryEvent
from localcloud.stepfunctions.asl.interpreter import Interpreter
from localcloud.stepfunctions.asl.states import Flow
from pipeline import placeholders, state_machine
from pipeline.specs import run_specs
from tests.pipeline.services import ACCOUNT, VALUES, Services, state_of

EXECUTION = "20261120-first"

Answer = Any
"""What a task answers: a value, a StatesError to raise, a function of the parameters, or None for the default."""


@dataclass
class Outcome:
    """How a run ended: its output or error, the calls of each state, and the size of each state's output."""

    output: Any = None
    error: StatesError | None = None
    calls: Mapping[str, list[Any]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    output_bytes: Mapping[str, int] = field(default_factory=dict)
    events: list[HistoryEvent] = field(default_factory=list)

    @property
    def entered(self) -> set[str]:
        return set(self.output_bytes)

    @property
    def outcomes(self) -> dict[str, Any]:
        return {item["model"]: item for item in (self.output or {}).get("outcomes", [])}

    @property
    def failures(self) -> list[dict[str, Any]]:
        assert self.error is not None and self.error.error == "PipelineFailed"
        failures: list[dict[str, Any]] = json.loads(self.error.cause)
        return failures

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(call["Message"]) for call in self.calls["Notify"]]


class Runner:
    """One state machine with its services. `script[state]` is a list of answers; the last one is repeated."""

    def __init__(self, settings: AppConfig | None = None, specs: Mapping[str, Any] | None = None) -> None:
        self.config = settings or config.load("dev")
        self.definition = placeholders.substitute(state_machine(self.config), VALUES)
        self.script: dict[str, list[Answer]] = {}
        self.services = Services(specs or run_specs(self.config))
        self._calls: dict[str, list[Any]] = defaultdict(list)
        self._lock = threading.Lock()

    def run(self, value: Any = None, execution: str = EXECUTION) -> Outcome:
        value = {} if value is None else value
        history, found = History(), Outcome(calls=self._calls)
        with no_sleep(found.waits):
            try:
                branch = Branch(history, Cancellation(), _context(execution, value))
                found.output = Interpreter(self).run(cast(Flow, self.definition), value, branch)
            except StatesError as error:
                found.error = error
        found.output_bytes, found.events = _sizes(history), history.events()
        return found

    # The interface that the interpreter expects.
    region = "us-east-1"

    def find(self, resource: str) -> _Task:
        return _Task(self, resource, waits="sync" if resource.endswith(".sync") else "")

    def token(self) -> Any:
        raise AssertionError("the machine does not have a state that waits for a token")

    def answer(self, resource: str, parameters: Mapping[str, Any]) -> Any:
        state = state_of(resource, parameters)
        with self._lock:
            number = len(self._calls[state])
            self._calls[state].append(parameters)
        answers = self.script.get(state, [None])
        value = answers[min(number, len(answers) - 1)]
        if callable(value):
            value = value(parameters)
        if value is None:
            value = self.services.answer(state, resource, parameters)
        if isinstance(value, StatesError):
            raise value
        return value


@dataclass
class _Task:
    """A task that answers immediately; a job ends as soon as it is asked for."""

    runner: Runner
    full_resource: str
    resource_type: str = "test"
    resource: str = "test"
    waits: str = ""

    def check(self, parameters: Any) -> None:
        pass

    def start(self, parameters: Any) -> Any:
        return {} if self.waits else self.runner.answer(self.full_resource, parameters)

    def poll(self, answer: Any, parameters: Any) -> tuple[Any] | None:
        return (self.runner.answer(self.full_resource, parameters),)

    def stop(self, answer: Any, parameters: Any) -> None:
        raise AssertionError("nothing is cancelled in these runs")


def many_models(settings: AppConfig, count: int) -> dict[str, Any]:
    """Specs with `count` copies of the configuration's largest model, all of them trained by default."""
    specs = run_specs(settings)
    largest = max(specs["models"].values(), key=lambda model: len(json.dumps(model)))
    names = [f"dog-breed-classifier-number-{number:02d}" for number in range(count)]
    return {**specs, "models": dict.fromkeys(names, largest), "defaults": {"models": names, "tune": True}}


@contextmanager
def no_sleep(waits: list[float]) -> Iterator[None]:
    """Wait states and retries do not wait; the seconds that they would have waited are recorded."""

    def wait(self: Cancellation, seconds: float) -> None:
        waits.append(seconds)
        self.check()

    original, Cancellation.wait = Cancellation.wait, wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        Cancellation.wait = original  # type: ignore[method-assign]


def _context(execution: str, value: Any) -> dict[str, Any]:
    return {
        "Execution": {
            "Id": ACCOUNT.format("states", f"execution:kennel:{execution}"),
            "Name": execution,
            "StartTime": "2026-11-20T13:24:15.123Z",
            "Input": value,
        },
        "StateMachine": {"Id": ACCOUNT.format("states", "stateMachine:kennel"), "Name": "kennel"},
    }


def _sizes(history: History) -> dict[str, int]:
    """The largest output of each state, in bytes."""
    sizes: dict[str, int] = defaultdict(int)
    for event in history.events():
        details = event.details
        if details and event.type.endswith("StateExited"):
            name, output = str(details["name"]), str(details["output"])
            sizes[name] = max(sizes[name], len(output.encode()))
    return sizes
