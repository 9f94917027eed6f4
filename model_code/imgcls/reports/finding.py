"""What a rule of the profiler report says: the fact, the knob, and what turning it may bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Profile = Mapping[str, Any]
"""profile.json, as `contract.records.PROFILE_EXAMPLE` shows it."""


@dataclass(frozen=True)
class Advice:
    """One finding about a run's speed. `gain` is the most the advice can bring."""

    rule: str
    severity: Literal["good", "info", "warning"]
    title: str
    text: str
    gain: str = ""
