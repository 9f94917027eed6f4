"""The state of an alarm given its datapoints: a pure function, as the service documents it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Condition:
    """An alarm's condition: `datapoints` of the last `periods` breach. treat_missing: missing, ignore, breaching or
    notBreaching."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    treat_missing: str = "missing"

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Decision:
    """state: None to keep the current one. used: the datapoints that counted, newest first."""

    state: str | None
    reason: str
    used: tuple[float, ...] = ()


def decide(condition: Condition, newest_first: Sequence[float | None]) -> Decision:
    """Evaluate an evaluation range: at least `periods` datapoints, None where data is missing.

    If the range has enough real datapoints, they alone decide, even when newer periods are empty. Otherwise missing
    ones are treated as the alarm says. While data is missing, datapoints that all breach put the alarm into ALARM once
    the oldest of them is `datapoints` periods old.
    """
    real = [value for value in newest_first if value is not None]
    used = tuple(real[: condition.periods])
    breaching = sum(condition.breaches(value) for value in used)
    missing = condition.periods - len(used)
    if missing <= 0 or condition.treat_missing in ("breaching", "notBreaching"):
        filled = missing if missing > 0 and condition.treat_missing == "breaching" else 0
        state = ALARM if breaching + filled >= condition.datapoints else OK
        return Decision(state, _reason(condition, used, state, max(0, missing)), used)
    if not used:
        if condition.treat_missing == "ignore":
            return Decision(None, "")
        plural = "s were" if condition.periods > 1 else " was"
        return Decision(INSUFFICIENT_DATA, f"Insufficient Data: {condition.periods} datapoint{plural} unknown.")
    return _sparse(condition, newest_first, used, breaching, missing)


def _sparse(
    condition: Condition, newest_first: Sequence[float | None], used: tuple[float, ...], breaching: int, missing: int
) -> Decision:
    if breaching < len(used):
        state = ALARM if breaching >= condition.datapoints else OK
        return Decision(state, _reason(condition, used, state, missing), used)
    if condition.treat_missing == "ignore":
        return Decision(None, "", used)
    oldest = max(at for at, value in enumerate(newest_first) if value is not None)
    state = ALARM if oldest + 1 >= condition.datapoints else OK
    return Decision(state, _reason(condition, used, state, missing), used)


def _reason(condition: Condition, used: tuple[float, ...], state: str, missing: int) -> str:
    phrase = COMPARISONS[condition.comparison][1]
    treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(condition.treat_missing)
    note = f" and {missing} missing datapoint{'s were' if missing > 1 else ' was'} treated as [{treated}]"
    if not used:
        return f"Threshold Crossed: no datapoints were received for {condition.periods} periods{note}."
    crossed = [value for value in used if condition.breaches(value) == (state == ALARM)]
    shown = ", ".join(repr(value) for value in crossed or used)
    negation = "" if state == ALARM else "not "
    many = len(crossed) != 1
    return (
        f"Threshold Crossed: {len(crossed)} out of the last {condition.periods} datapoints [{shown}] "
        f"{'were' if many else 'was'} {negation}{phrase} the threshold ({condition.threshold})"
        f"{note if missing and treated else ''} (minimum {condition.datapoints} "
        f"datapoint{'s' if condition.datapoints > 1 else ''} for OK -> ALARM transition)."
    )
