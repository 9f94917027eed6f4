"""Errors for the state machine, which sees their class name, and for people, who read their message."""

from __future__ import annotations


class Refused(ValueError):
    """The request cannot be carried out. The message is one sentence with the fix."""


class StaleComparison(Refused):
    """Another version was published after this one was compared with the published one."""


class NotReady(RuntimeError):
    """Something took too long or cannot be used now. The message says what, and where to look."""
