"""Job names: a base from the plan, the second in which the state was entered, and the number of the retry.

A retry under the same name can never succeed, and a redrive restarts the retry count at 0, so the name has both.
There is no intrinsic function for substrings: the time is split at its separators. Its fraction may be missing, so
nothing after the seconds is read. A field may have ten intrinsic functions, so nothing before the day is read either:
an execution can be redriven for two weeks.
"""

from __future__ import annotations

MAX_JOB_NAME = 63
MAX_TUNING_JOB_NAME = 32

_ENTERED = "States.StringSplit($$.State.EnteredTime, '-T:.Z')"
_DAY_TO_SECOND = range(2, 6)


def job_name(base: str) -> str:
    """The intrinsic function that returns a job's name from the base at path `base`: `dog-breed-c-1a2b3c-20132415-0`.

    A base of MAX_BASE_CHARS gives at most MAX_TUNING_JOB_NAME characters.
    """
    parts = ", ".join(f"States.ArrayGetItem({_ENTERED}, {index})" for index in _DAY_TO_SECOND)
    return f"States.Format('{{}}-{'{}' * len(_DAY_TO_SECOND)}-{{}}', {base}, {parts}, $$.State.RetryCount)"
