"""Replacements in moto's CloudWatch Logs: searches by stream prefix and by filter pattern."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import TypedDict

import moto.logs.models
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

from localcloud.cloudwatch.logs.filter_pattern import compile_pattern
from localcloud.cloudwatch.logs.metrics_from_logs import compile_filter
from localcloud.replacement import replaced


class FilterLogEvents(TypedDict, total=False):
    """The request; a group is named by its name or its ARN."""

    logGroupName: str
    logGroupIdentifier: str
    logStreamNames: list[str]
    logStreamNamePrefix: str
    startTime: int
    endTime: int
    filterPattern: str
    limit: int
    nextToken: str


class MessageFilter:
    """Replaces moto's filter, which knows plain words only and lets everything else through."""

    def __init__(self, pattern: str | None) -> None:
        self._matches = compile_pattern(pattern or "")

    def matches(self, message: str) -> bool:
        return self._matches(message)


def install_hooks() -> Callable[[], None]:
    """Replace the search; returns a function that undoes it."""

    def filter_log_events(response: LogsResponse) -> str:
        asked: FilterLogEvents = json.loads(response.body)
        compile_filter(asked.get("filterPattern") or "")
        group = asked.get("logGroupName") or asked["logGroupIdentifier"].split(":log-group:")[-1].removesuffix(":*")
        backend: LogsBackend = response.logs_backend
        streams = backend.groups[group].streams if group in backend.groups else {}
        prefix = asked.get("logStreamNamePrefix")
        names = asked.get("logStreamNames") or [name for name in streams if name.startswith(prefix or "")]
        if prefix and not names:
            return json.dumps({"events": [], "searchedLogStreams": []})
        times = asked.get("startTime", 0), asked.get("endTime", 0)  # moto takes 0 as unlimited
        pattern = asked.get("filterPattern", "")
        events, token, searched = backend.filter_log_events(
            group, names, *times, asked.get("limit"), asked.get("nextToken"), pattern, True
        )
        answer = {"events": events, "searchedLogStreams": searched}
        return json.dumps({**answer, "nextToken": token} if token else answer)

    with contextlib.ExitStack() as hooks:
        hooks.enter_context(replaced(moto.logs.models, "EventMessageFilter", MessageFilter))
        hooks.enter_context(replaced(LogsResponse, "filter_log_events", filter_log_events))
        return hooks.pop_all().close
