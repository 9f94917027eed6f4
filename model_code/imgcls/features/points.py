"""Where a search looks: quasi-random points of its space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.quasirandom import SobolEngine

from imgcls.contract.head_search import CHOICES, LOGARITHMIC


def points(space: Mapping[str, Any], num: int, seed: int) -> list[dict[str, Any]]:
    """`num` sets of values. Scrambled Sobol points cover each range more evenly than independent draws do."""
    names = sorted(space)
    units = SobolEngine(len(names), scramble=True, seed=seed).draw(num).tolist()
    return [_values(space, dict(zip(names, unit, strict=True))) for unit in units]


def _values(space: Mapping[str, Any], unit: Mapping[str, float]) -> dict[str, Any]:
    values = {name: space[name][int(unit[name] * len(space[name]))] for name in unit if name in CHOICES}
    for name in unit:
        if name not in CHOICES:
            limits = space[name]
            low, high = limits[values["optimizer"]] if isinstance(limits, Mapping) else limits
            values[name] = _between(low, high, unit[name], logarithmic=name in LOGARITHMIC)
    if "epochs" in values:
        values["epochs"] = round(values["epochs"])
    return dict(sorted(values.items()))


def _between(low: float, high: float, share: float, *, logarithmic: bool) -> float:
    value = low * (high / low) ** share if logarithmic else low + share * (high - low)
    return float(f"{value:.6g}")
