"""What a benchmark row is, and how contenders are measured side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

ROUNDS = 5
CONTROL_TOLERANCE = 0.05
GOALS = Path(__file__).with_name("goals.json")

Measure = Callable[[], float]


@dataclass(frozen=True)
class Row:
    """One figure. `value` and `baseline` are medians in `unit`; `rounds` holds every measurement of every contender.

    `goal` is, for each baseline, the ratio value / baseline that is wanted: at least, where `better` is higher, and
    at most, where it is lower. `control` is the ratio of two measurements of the same contender in the same rounds:
    what it is off from 1 is this machine's noise.
    """

    id: str
    name: str
    value: float
    unit: str
    better: Literal["higher", "lower"]
    baseline: Mapping[str, float]
    rounds: Sequence[Mapping[str, float]]
    goal: Mapping[str, float] = field(default_factory=dict)
    control: float | None = None
    notes: tuple[str, ...] = ()

    def ratios(self) -> dict[str, float]:
        """value / baseline, by the name of the baseline."""
        return {name: self.value / value for name, value in self.baseline.items()}

    def missed(self) -> dict[str, tuple[float, float]]:
        """(ratio, goal) of each goal that is not met."""
        pairs = {name: (ratio, self.goal[name]) for name, ratio in self.ratios().items() if name in self.goal}
        return {
            name: (ratio, goal)
            for name, (ratio, goal) in pairs.items()
            if (ratio < goal if self.better == "higher" else ratio > goal)
        }

    @property
    def is_noisy(self) -> bool:
        return self.control is not None and abs(self.control - 1) > CONTROL_TOLERANCE

    def to_dict(self) -> dict[str, Any]:
        whole = {**asdict(self), "ratios": self.ratios(), "met": not self.missed()}
        document: dict[str, Any] = json.loads(json.dumps(whole))
        return document


def interleave(contenders: Mapping[str, Measure], rounds: int = ROUNDS) -> list[dict[str, float]]:
    """Measure all contenders in every round, each round from another start: drift of the machine hits all alike."""
    names = list(contenders)
    results = []
    for number in range(rounds):
        shift = number % len(names)
        results.append({name: contenders[name]() for name in names[shift:] + names[:shift]})
    return results


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: median(result[name] for result in rounds) for name in rounds[0]}


def goals() -> dict[str, dict[str, float]]:
    """Row id -> baseline -> wanted ratio. Its keys are the rows that a full run must give."""
    rows: dict[str, dict[str, float]] = json.loads(GOALS.read_text())
    return rows


def make_row(
    id: str,
    name: str,
    unit: str,
    better: Literal["higher", "lower"],
    rounds: Sequence[Mapping[str, float]],
    *,
    ours: str,
    control: str | None = None,
    only: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Row:
    """A row of `interleave`'s rounds: `ours` is the value, `control` measured the same again, the others are baselines.

    `only` keeps the baselines that belong to this row.
    """
    middle = medians(rounds)
    value = middle.pop(ours)
    again = middle.pop(control) if control else None
    baseline = {key: figure for key, figure in middle.items() if not only or key in only}
    noise = again / value if again is not None else None
    return Row(id, name, value, unit, better, baseline, rounds, goals().get(id, {}), noise, tuple(notes))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as lines for people."""
    for row in rows:
        yield f"{row.id:22} {row.name}: {row.value:.4g} {row.unit}"
        for name, ratio in row.ratios().items():
            goal = row.goal.get(name)
            sign = "\u2265" if row.better == "higher" else "\u2264"
            verdict = "" if goal is None else f"  goal {sign} {goal:g}: {'missed' if name in row.missed() else 'met'}"
            yield f"{'':22}   {ratio:.3g}x of {name} ({row.baseline[name]:.4g}){verdict}"
        if row.is_noisy:
            yield f"{'':22}   noisy: the same contender measured twice differs by {abs(row.control or 1) - 1:+.0%}"
        for note in row.notes:
            yield f"{'':22}   {note}"
