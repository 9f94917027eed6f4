"""Sends histories to CloudWatch Logs, as the state machine's logging configuration says."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass

from localcloud.context import Cloud
from localcloud.stepfunctions import views
from localcloud.stepfunctions.asl.history import HistoryEvent
from localcloud.stepfunctions.execution import Execution

log = logging.getLogger(__name__)

_SEND_SECONDS = 1.0
_BATCH = 200
_FATAL = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
_ERROR = ("Failed", "TimedOut", "Aborted")


@dataclass
class _Followed:
    execution: Execution
    group: str
    stream: str
    level: str
    with_data: bool
    sent: int = 0
    made: bool = False


class ExecutionLogs:
    """Sends the history of followed executions to their log groups, once a second."""

    def __init__(self, cloud: Cloud) -> None:
        self._logs = cloud.client("logs")
        self._followed: list[_Followed] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="execution-logs", daemon=True)
        self._thread.start()

    def follow(self, execution: Execution) -> None:
        """Log an execution as its machine's configuration says; level OFF logs nothing."""
        configuration = execution.machine.logging
        destinations = configuration.get("destinations") or []
        if configuration.get("level", "OFF") == "OFF" or not destinations:
            return
        arn = destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"]
        group = arn.partition(":log-group:")[2].removesuffix(":*")
        stream = f"states/{execution.machine.name}/{execution.started:%Y-%m-%d-%H-%M}/{execution.name[:36]}"
        with_data = bool(configuration.get("includeExecutionData"))
        with self._lock:
            self._followed.append(_Followed(execution, group, stream, configuration["level"], with_data))

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._send_all()

    def _run(self) -> None:
        while not self._stop.wait(_SEND_SECONDS):
            self._send_all()

    def _send_all(self) -> None:
        with self._lock:
            followed = list(self._followed)
        for each in followed:
            ended = each.execution.status != "RUNNING"
            try:
                self._send(each)
            except Exception:  # a log group that was deleted must not stop the logs of other machines
                log.exception("logging %s", each.execution.arn)
                ended = True
            if ended:
                with self._lock:
                    self._followed.remove(each)

    def _send(self, each: _Followed) -> None:
        events = each.execution.history.events()[each.sent :]
        each.sent += len(events)
        lines = [_log_event(event, each) for event in events if _wanted(event.type, each.level)]
        if lines and not each.made:
            self._logs.create_log_stream(logGroupName=each.group, logStreamName=each.stream)
            each.made = True
        for start in range(0, len(lines), _BATCH):
            batch = lines[start : start + _BATCH]
            self._logs.put_log_events(logGroupName=each.group, logStreamName=each.stream, logEvents=batch)


def _wanted(event_type: str, level: str) -> bool:
    if level == "ALL":
        return True
    return event_type in _FATAL if level == "FATAL" else event_type.endswith(_ERROR)


def _log_event(event: HistoryEvent, followed: _Followed) -> dict[str, object]:
    milliseconds = int(event.timestamp.timestamp() * 1000)
    line = {
        "id": str(event.id),
        "type": event.type,
        "details": views.event_details(event, with_data=followed.with_data),
        "previous_event_id": str(event.previous),
        "event_timestamp": str(milliseconds),
        "execution_arn": followed.execution.arn,
    }
    return {"timestamp": milliseconds, "message": json.dumps(line)}
