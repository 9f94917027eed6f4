"""How a check of the preflight is printed."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from kennel.preflight.finding import Level
from kennel.preflight.run import Result

_COLUMN = 16
"""Width of the ids of the checks."""
_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red", Level.UNKNOWN: "dim"}


def print_result(result: Result, to: Console) -> None:
    """The check's id on the left, beside it what it found, wrapped within its column."""
    for number, finding in enumerate(result.findings):
        head = result.check if number == 0 else ""
        text = Text.assemble((_word(finding.level), _STYLES[finding.level]), " ", finding.sentence)
        lines = text.wrap(to, max(to.width - _COLUMN, 20))
        for index, line in enumerate(lines):
            line.rstrip()
            to.print(Text(head.ljust(_COLUMN) if index == 0 else " " * _COLUMN) + line, soft_wrap=True)


def _word(level: Level) -> str:
    return {Level.OK: "ok", Level.WARNING: "warning:", Level.ERROR: "error:", Level.UNKNOWN: "not checkable:"}[level]
