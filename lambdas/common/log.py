"""One JSON line when a function ends or fails. Lines never contain image bytes or whole events."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from typing import Any

Handler = Callable[[dict[str, Any], Any], Any]


def say(message: str, **values: Any) -> None:
    """Write a line with `message` and `values` to standard output, which Lambda sends to the function's log."""
    print(json.dumps({"message": message, **values}, default=str), flush=True, file=sys.stdout)


def logged(handler: Handler) -> Handler:
    """Decorates a handler: its time and its error are logged. The error is raised again for the caller."""

    @functools.wraps(handler)
    def call(event: dict[str, Any], context: Any) -> Any:
        started = time.monotonic()
        request = getattr(context, "aws_request_id", "")
        try:
            answer = handler(event, context)
        except Exception as error:
            say("failed", request=request, error=type(error).__name__, reason=str(error), seconds=_since(started))
            raise
        say("done", request=request, seconds=_since(started))
        return answer

    return call


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
