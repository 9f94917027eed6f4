"""Job names: a base from the plan, the second in which the state was entered, and the number of the retry.

A retry with the same name can never succeed, and a redrive starts the retry count at 0 again: so both are in it.
Intrinsic functions have no substring: the time is split at its separators. Its fraction may be missing, so nothing
beyond the seconds is read.
"""

from __future__ import annotations

MAX_JOB_NAME = 63
MAX_TUNING_JOB_NAME = 32

_ENTERED = "States.StringSplit($$.State.EnteredTime, '-T:.Z')"
_MONTH_TO_SECOND = range(1, 6)


def job_name(base: str) -> str:
    """The intrinsic that makes a job's name of the base at path `base`: `dog-breed-c-1a2b3c-1120132415-0`.

    A base of MAX_BASE_CHARS makes at most MAX_TUNING_JOB_NAME characters.
    """
    parts = ", ".join(f"States.ArrayGetItem({_ENTERED}, {index})" for index in _MONTH_TO_SECOND)
    return f"States.Format('{{}}-{'{}' * len(_MONTH_TO_SECOND)}-{{}}', {base}, {parts}, $$.State.RetryCount)"
