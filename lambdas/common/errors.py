"""Errors whose class name a state machine sees, and whose message is for a person."""

from __future__ import annotations


class Refused(ValueError):
    """What the caller asked for cannot be done. The message is one sentence with the fix."""


class StaleComparison(Refused):
    """Another version was published after this one was compared with the published one."""


class NotReady(RuntimeError):
    """Something that must have happened by now did not. The message says what and where to look."""
