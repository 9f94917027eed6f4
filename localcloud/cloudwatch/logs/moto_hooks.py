"""The only place that knows moto's CloudWatch Logs: searches by stream prefix and by real filter patterns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import moto.logs.models
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

from localcloud.cloudwatch.logs.filter_pattern import compile_pattern
from localcloud.cloudwatch.logs.metrics_from_logs import compile_filter


class MessageFilter:
    """Takes the place of moto's filter, which knows plain words only and lets everything else through."""

    def __init__(self, pattern: str | None) -> None:
        self._matches = compile_pattern(pattern or "")

    def matches(self, message: str) -> bool:
        return self._matches(message)


def install_hooks() -> Callable[[], None]:
    """Replace the search; returns what undoes it."""
    original_filter = moto.logs.models.EventMessageFilter
    original_search = LogsResponse.filter_log_events

    def filter_log_events(response: LogsResponse) -> str:
        asked = json.loads(response.body)
        compile_filter(asked.get("filterPattern") or "")
        group = asked.get("logGroupName") or asked["logGroupIdentifier"].split(":log-group:")[-1].removesuffix(":*")
        backend: LogsBackend = response.logs_backend
        streams = backend.groups[group].streams if group in backend.groups else {}
        prefix = asked.get("logStreamNamePrefix")
        names = asked.get("logStreamNames") or [name for name in streams if name.startswith(prefix or "")]
        if prefix and not names:
            return json.dumps({"events": [], "searchedLogStreams": []})
        times = asked.get("startTime"), asked.get("endTime")
        events, token, searched = backend.filter_log_events(
            group, names, *times, asked.get("limit"), asked.get("nextToken"), asked.get("filterPattern"), True
        )
        answer = {"events": events, "searchedLogStreams": searched}
        return json.dumps({**answer, "nextToken": token} if token else answer)

    hooks: list[tuple[Any, str, Any, Any]] = [
        (moto.logs.models, "EventMessageFilter", MessageFilter, original_filter),
        (LogsResponse, "filter_log_events", filter_log_events, original_search),
    ]
    for owner, name, ours, _ in hooks:
        setattr(owner, name, ours)

    def restore() -> None:
        for owner, name, _, theirs in hooks:
            setattr(owner, name, theirs)

    return restore
