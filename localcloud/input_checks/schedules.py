"""Schedule expressions: `rate(5 minutes)`, and `cron(...)` with EventBridge's six fields.

Source: "Setting a schedule pattern for scheduled rules", EventBridge User Guide, and for `at(...)` and the units of
`rate` "Schedule types", EventBridge Scheduler User Guide.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RATE = re.compile(r"rate\((?P<value>[1-9]\d*) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")


@dataclass(frozen=True)
class _Field:
    """A field of a cron expression. special: what it may be as a whole besides values, ranges and increments."""

    least: int
    most: int
    names: tuple[str, ...] = ()
    special: re.Pattern[str] = re.compile("$^")

    def takes(self, text: str) -> bool:
        if self.special.fullmatch(text):
            return True
        return all(self._takes_item(item) for item in text.split(","))

    def _takes_item(self, item: str) -> bool:
        start, slash, step = item.partition("/")
        if slash and not (step.isdigit() and 1 <= int(step) <= self.most):
            return False
        if start == "*" or (slash and not start):
            return True
        ends = [self._value(end) for end in start.split("-")]
        return len(ends) <= 2 and all(end is not None and self.least <= end <= self.most for end in ends)

    def _value(self, text: str) -> int | None:
        if text.upper() in self.names:
            return self.least + self.names.index(text.upper())
        return int(text) if text.isdigit() and text.isascii() else None


_FIELDS = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31, special=re.compile(r"\?|LW?|L-([1-9]|[12]\d|30)|([1-9]|[12]\d|3[01])W")),
    _Field(1, 12, _MONTHS),
    _Field(1, 7, _DAYS, re.compile(rf"\?|L|([1-7]|{'|'.join(_DAYS)})(L|#[1-5])", re.IGNORECASE)),
    _Field(1970, 2199),
)


def is_rule_schedule(expression: str) -> bool:
    """Whether EventBridge takes it for a rule: of `rate`, one unit is singular and several are plural."""
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        return (rate["value"] == "1") is (rate["plural"] == "")
    return _is_cron(expression)


def is_schedule(expression: str) -> bool:
    """Whether EventBridge Scheduler takes it: also one point in time, and singular and plural units alike."""
    if expression.startswith("at(") and expression.endswith(")"):
        return _is_moment(expression[3:-1])
    return _RATE.fullmatch(expression) is not None or _is_cron(expression)


def _is_moment(text: str) -> bool:
    try:
        datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return False
    return True


def _is_cron(expression: str) -> bool:
    """Six fields, of which exactly one of day-of-month and day-of-week is `?`."""
    match = _CRON.fullmatch(expression)
    fields = match["fields"].split() if match else []
    if len(fields) != len(_FIELDS) or (fields[2] == "?") is (fields[4] == "?"):
        return False
    return all(field.takes(text) for field, text in zip(_FIELDS, fields, strict=True))
