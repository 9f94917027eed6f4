"""Choose the points of a search space that a search tries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.quasirandom import SobolEngine

from imgcls.contract.head_search import CHOICES, LOGARITHMIC
from imgcls.contract.hyperparameter import Value


def points(space: Mapping[str, Any], num: int, seed: int) -> list[dict[str, Value]]:
    """`num` sets of values, by hyperparameter name, out of a `HeadSearch.space`.

    Scrambled Sobol points cover each range more evenly than independent draws do.
    """
    names = sorted(space)
    units = SobolEngine(len(names), scramble=True, seed=seed).draw(num).tolist()  # type: ignore[no-untyped-call]
    return [_values(space, dict(zip(names, unit, strict=True))) for unit in units]


def _values(space: Mapping[str, Any], unit: Mapping[str, float]) -> dict[str, Value]:
    values: dict[str, Value] = {
        name: space[name][int(unit[name] * len(space[name]))] for name in unit if name in CHOICES
    }
    for name in unit:
        if name not in CHOICES:
            limits = space[name]
            low, high = limits[values["optimizer"]] if isinstance(limits, Mapping) else limits
            value = _between(low, high, unit[name], logarithmic=name in LOGARITHMIC)
            values[name] = round(value) if name == "epochs" else value
    return dict(sorted(values.items()))


def _between(low: float, high: float, share: float, *, logarithmic: bool) -> float:
    value: float = low * (high / low) ** share if logarithmic else low + share * (high - low)
    return float(f"{value:.6g}")
