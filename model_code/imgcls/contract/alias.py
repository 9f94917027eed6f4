"""`aliases/<name>.json`: which version of a model is current. PublishModel is its only writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FORMAT = 1
MAX_PREVIOUS = 20


@dataclass(frozen=True)
class Alias:
    """`current` and `previous` (newest first) are target models; `when` is ISO 8601 in UTC."""

    name: str
    current: str
    previous: tuple[str, ...]
    who: str
    when: str
    why: str
    format: int = FORMAT

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "previous": list(self.previous)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Alias:
        """Raises ValueError for a format that this version cannot read."""
        if value.get("format") != FORMAT:
            raise ValueError(f"the alias has format {value.get('format')!r}; this version reads format {FORMAT}")
        return cls(**{**value, "previous": tuple(value["previous"])})

    def moved_to(self, target_model: str, *, who: str, when: str, why: str) -> Alias:
        """The alias after publishing `target_model`. Publishing the current one again keeps `previous`."""
        previous = self.previous
        if target_model != self.current:
            previous = (self.current, *(key for key in self.previous if key not in (self.current, target_model)))
        return Alias(self.name, target_model, previous[:MAX_PREVIOUS], who, when, why)
