"""The hyperparameter `profile`: what is measured, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from imgcls.contract.hyperparameter import HyperparameterError, check_names

_RANGES = {
    "steps": (0, 100_000),
    "wait": (0, 100_000),
    "warmup": (0, 1_000),
    "active": (1, 1_000),
    "sample_ms": (500, 5_000),
    "trace_mb": (0, 1_000),
}


@dataclass(frozen=True)
class ProfileSettings:
    """The first `steps` steps are watched in cycles: `wait` steps unobserved, `warmup` discarded, `active` recorded.

    `sample_ms` is the interval of the machine's samples; a trace file above `trace_mb` megabytes is not kept.
    """

    enabled: bool = True
    steps: int = 50
    wait: int = 5
    warmup: int = 2
    active: int = 5
    sample_ms: int = 1_000
    trace_mb: int = 20

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ProfileSettings:
        """Raises HyperparameterError for an unknown key or a value out of its range."""
        check_names("profile", values, [item.name for item in fields(cls)])
        if not isinstance(values.get("enabled", True), bool):
            raise HyperparameterError(f"profile.enabled is {values['enabled']!r}; it must be true or false")
        for name, (low, high) in _RANGES.items():
            value = values.get(name, low)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise HyperparameterError(
                    f"profile.{name} is {value!r}; it must be a whole number between {low} and {high}"
                )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads, without what is at its default."""
        defaults = asdict(ProfileSettings())
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}
