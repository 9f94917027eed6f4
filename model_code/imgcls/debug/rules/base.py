"""What a rule is: thresholds, and a pure function of a training's history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from imgcls.debug.stream import History

Moment = Literal["loss", "sample", "epoch"]


@dataclass(frozen=True)
class Evidence:
    """Why a rule fires: the figure, and the layer group where it belongs to one."""

    value: float
    layer: str | None = None


class Check(Protocol):
    """A frozen dataclass whose fields are the thresholds that `contract.rules` lists under `name`."""

    name: ClassVar[str]
    moment: ClassVar[Moment]
    """When there is news for it: a loss was read, a sample taken, an epoch finished."""

    def check(self, history: History) -> Evidence | None:
        """None while nothing is wrong. The same history gives the same answer."""
        ...
