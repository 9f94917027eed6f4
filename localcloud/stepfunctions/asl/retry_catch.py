"""Retry and Catch: which errors they match and how long a retry waits."""

from __future__ import annotations

import random
from collections.abc import Sequence

from localcloud.stepfunctions.asl.errors import (
    DATA_LIMIT,
    HEARTBEAT_TIMEOUT,
    RUNTIME,
    TASK_FAILED,
    TIMEOUT,
    StatesError,
)
from localcloud.stepfunctions.asl.states import Catcher, Retrier

DEFAULT_MAX_DELAY_SECONDS = 31_622_400.0


def matches(names: Sequence[str], error: str) -> bool:
    """Whether an ErrorEquals list covers an error.

    Nothing covers States.Runtime, and States.ALL does not cover States.DataLimitExceeded.
    """
    if error == RUNTIME:
        return False
    if error in names:
        return True
    if error == DATA_LIMIT:
        return False
    if error in (TIMEOUT, HEARTBEAT_TIMEOUT):
        return "States.ALL" in names or TIMEOUT in names
    return "States.ALL" in names or TASK_FAILED in names


class Retries:
    """Counts the attempts that each retrier of one state has left."""

    def __init__(self, retriers: Sequence[Retrier]) -> None:
        self._retriers = retriers
        self._used = [0] * len(retriers)

    def delay(self, failure: StatesError) -> float | None:
        """Seconds to wait before the next attempt, or None when there is none."""
        for at, retrier in enumerate(self._retriers):
            if not matches(retrier["ErrorEquals"], failure.error):
                continue
            if self._used[at] >= retrier.get("MaxAttempts", 3):
                return None
            seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** self._used[at]
            self._used[at] += 1
            seconds = min(seconds, retrier.get("MaxDelaySeconds", DEFAULT_MAX_DELAY_SECONDS))
            jitter = retrier.get("JitterStrategy", "NONE") == "FULL"
            return random.uniform(0.0, seconds) if jitter else seconds  # noqa: S311 spreads load, is not for security
        return None


def catcher(catchers: Sequence[Catcher], failure: StatesError) -> Catcher | None:
    """The first catcher that covers the failure."""
    return next((each for each in catchers if matches(each["ErrorEquals"], failure.error)), None)
