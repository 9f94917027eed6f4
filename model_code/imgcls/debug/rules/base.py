"""What a rule is: thresholds, and a pure function of a training's history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from imgcls.debug.history import History

Moment = Literal["loss", "sample", "epoch"]


@dataclass(frozen=True)
class Evidence:
    """Why a rule fires: the value, and the layer group where the value belongs to one."""

    value: float
    layer: str | None = None


class Check(Protocol):
    """A frozen dataclass whose fields are the thresholds that `contract.rules` has for `name`."""

    name: ClassVar[str]
    moment: ClassVar[Moment]
    """When to check it: after a loss was read, a sample taken or an epoch finished."""

    def check(self, history: History) -> Evidence | None:
        """None while nothing is wrong. Depends on the history alone."""
        ...
