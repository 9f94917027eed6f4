"""One execution of a state machine: its record, its thread, its end."""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypedDict

from localcloud.errors import own_failure
from localcloud.json_types import JSON, JsonObject
from localcloud.stepfunctions.asl.branch import Branch
from localcloud.stepfunctions.asl.cancellation import Cancellation
from localcloud.stepfunctions.asl.errors import RUNTIME, Cancelled, StatesError
from localcloud.stepfunctions.asl.history import History, data_details
from localcloud.stepfunctions.asl.interpreter import Interpreter
from localcloud.stepfunctions.asl.json_text import to_json
from localcloud.stepfunctions.asl.states import Definition

log = logging.getLogger(__name__)

Ended = Callable[["Execution"], None]


class LogGroup(TypedDict):
    logGroupArn: str


class LogDestination(TypedDict):
    cloudWatchLogsLogGroup: LogGroup


class LoggingConfiguration(TypedDict, total=False):
    """Which events of an execution are logged, and where. level: ALL, ERROR, FATAL or OFF."""

    level: str
    includeExecutionData: bool
    destinations: list[LogDestination]


@dataclass(frozen=True)
class Machine:
    """A state machine as it was when an execution started."""

    arn: str
    name: str
    definition_text: str
    definition: Definition
    role_arn: str
    logging: LoggingConfiguration


@dataclass
class Execution:
    """One run of `machine`. status: RUNNING, SUCCEEDED, FAILED, ABORTED or TIMED_OUT."""

    machine: Machine
    arn: str
    name: str
    input_text: str
    input: JSON
    ended: Ended
    status: str = "RUNNING"
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    stopped: datetime.datetime | None = None
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    history: History = field(default_factory=History)
    _cancellation: Cancellation = field(default_factory=Cancellation)
    _cancelled_as: tuple[str, str | None, str | None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def start(self, interpreter: Interpreter) -> None:
        """Run in a separate thread."""
        self._thread = threading.Thread(target=self._run, args=(interpreter,), name=self.name, daemon=True)
        self._thread.start()
        if limit := self.machine.definition.get("TimeoutSeconds"):
            timer = threading.Timer(limit, self._cancel, ("TIMED_OUT", "States.Timeout", None))
            timer.daemon = True
            timer.start()

    def stop(self, error: str | None = None, cause: str | None = None) -> datetime.datetime:
        """End it as ABORTED and stop the jobs it waits for; returns once it has ended. Has no effect after its end."""
        self._cancel("ABORTED", error, cause)
        if self._thread is not None:
            self._thread.join()
        assert self.stopped is not None
        return self.stopped

    def _cancel(self, status: str, error: str | None, cause: str | None) -> None:
        with self._lock:
            if self.status != "RUNNING" or self._cancelled_as is not None:
                return
            self._cancelled_as = (status, error, cause)
        # AWS documents that StopExecution stops jobs, and does not say so of an execution's time limit.
        self._cancellation.cancel(leave_jobs=status == "TIMED_OUT")

    def _run(self, interpreter: Interpreter) -> None:
        branch = Branch(self.history, self._cancellation, self._context())
        branch.record("ExecutionStarted", {**data_details("input", self.input), "roleArn": self.machine.role_arn})
        try:
            output = interpreter.run(self.machine.definition, self.input, branch)
        except Cancelled:
            assert self._cancelled_as is not None
            status, error, cause = self._cancelled_as
            event = {"ABORTED": "ExecutionAborted", "TIMED_OUT": "ExecutionTimedOut"}[status]
            self._end(branch, event, status, error=error, cause=cause)
        except StatesError as failure:
            self._end(branch, "ExecutionFailed", "FAILED", error=failure.error, cause=failure.cause)
        except Exception as bug:
            log.exception("execution %s", self.arn)
            self._end(branch, "ExecutionFailed", "FAILED", error=RUNTIME, cause=own_failure(bug))
        else:
            self._end(branch, "ExecutionSucceeded", "SUCCEEDED", output=output)

    def _end(
        self,
        branch: Branch,
        event: str,
        status: str,
        *,
        output: JSON = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        succeeded = status == "SUCCEEDED"
        details = data_details("output", output) if succeeded else {"error": error, "cause": cause}
        branch.record(event, details, last=True)
        with self._lock:
            self.output = to_json(output) if succeeded else None
            self.error, self.cause = error, cause
            self.stopped = datetime.datetime.now(datetime.UTC)
            self.status = status
        self.ended(self)

    def _context(self) -> JsonObject:
        started = self.started.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "Execution": {
                "Id": self.arn,
                "Input": self.input,
                "Name": self.name,
                "RoleArn": self.machine.role_arn,
                "StartTime": started,
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": self.machine.arn, "Name": self.machine.name},
        }
