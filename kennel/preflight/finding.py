"""What a check found: one sentence with the fix, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "not checkable"


@dataclass(frozen=True)
class Finding:
    """`sentence` says what is so, and for a warning or an error what to do about it."""

    level: Level
    sentence: str


def ok(sentence: str) -> Finding:
    return Finding(Level.OK, sentence)


def warning(sentence: str) -> Finding:
    return Finding(Level.WARNING, sentence)


def error(sentence: str) -> Finding:
    return Finding(Level.ERROR, sentence)


def unknown(sentence: str) -> Finding:
    return Finding(Level.UNKNOWN, sentence)
