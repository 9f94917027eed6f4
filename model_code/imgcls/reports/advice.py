"""A finding of the profiler report: the fact, the setting to change, and what that may gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Profile = Mapping[str, Any]
"""profile.json, as `contract.records.PROFILE_EXAMPLE` shows it."""


@dataclass(frozen=True)
class Advice:
    """One finding about a run's speed. `gain` is the most that following the advice can gain."""

    rule: str
    severity: Literal["good", "info", "warning"]
    title: str
    text: str
    gain: str = ""
