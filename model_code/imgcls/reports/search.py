"""The page about searches: the trials, the objective over time, and how values relate to the objective."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from imgcls.reports import charts
from imgcls.reports.page import Section, facts, page, paragraph, table
from imgcls.reports.parallel_coordinates import Column, parallel
from imgcls.reports.scales import Series, number


@dataclass(frozen=True)
class Trial:
    """`values` are the searched hyperparameters: numbers or strings. `objective` is None without a result."""

    name: str
    status: str
    values: dict[str, Any]
    objective: float | None
    seconds: float | None = None


@dataclass(frozen=True)
class Search:
    """One model's search. `trials` are in the order of their start; `kind` is the strategy."""

    model: str
    name: str
    kind: str
    objective: str
    goal: Literal["Maximize", "Minimize"]
    trials: tuple[Trial, ...]

    @property
    def ranked(self) -> list[Trial]:
        """Best first, those without a result last."""
        sign = -1 if self.goal == "Maximize" else 1
        return sorted(
            self.trials,
            key=lambda trial: (trial.objective is None, sign * (trial.objective or 0.0)),
        )

    @property
    def best(self) -> Trial | None:
        return next((trial for trial in self.ranked if trial.objective is not None), None)

    def short(self, trial: Trial) -> str:
        """A trial's name without that of the search, with which it begins."""
        return trial.name.removeprefix(f"{self.name}-")

    @property
    def varied(self) -> list[str]:
        """The names of the searched hyperparameters."""
        return sorted({name for trial in self.trials for name in trial.values})


def render_searches(title: str, subtitle: str, searches: Sequence[Search]) -> str:
    """A self-contained page with a section per model."""
    return page(title, subtitle, [Section(search.model, _section(search)) for search in searches])


def _section(search: Search) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in Counter(t.status for t in search.trials).items())
    parts = [paragraph(f"{search.name}: {search.kind}, {len(search.trials)} trials: {counts}.")]
    if search.best is not None:
        best = {search.objective: number(round(search.best.objective or 0.0, 6)), "trial": search.short(search.best)}
        parts.append(facts({**best, **{name: shown(value) for name, value in search.best.values.items()}}))
        parts += [_over_time(search), _coordinates(search)]
    return "".join(parts) + _table(search)


def _over_time(search: Search) -> str:
    better = max if search.goal == "Maximize" else min
    numbers = list(range(1, len(search.trials) + 1))
    found = [trial.objective for trial in search.trials]
    so_far: list[float | None] = []
    for value in found:
        known = [item for item in (*so_far[-1:], value) if item is not None]
        so_far.append(better(known) if known else None)
    series = [Series("best so far", numbers, so_far), Series("trial", numbers, found)]
    chart = charts.lines(series, label="Objective over time", x_label="trial", y_label=search.objective)
    return f'<div style="max-width:640px">{chart}</div>'


def _coordinates(search: Search) -> str:
    measured = [trial for trial in search.trials if trial.objective is not None]
    columns = [Column(name, [trial.values.get(name) for trial in measured]) for name in search.varied]
    columns.append(Column(search.objective, [trial.objective for trial in measured]))
    best = next(index for index, trial in enumerate(measured) if trial is search.best)
    names = [f"{search.short(trial)}: {shown(trial.objective)}" for trial in measured]
    return "<h3>Values and objective</h3>" + parallel(columns, names, label="Parallel coordinates", best=best)


def _table(search: Search) -> str:
    rows = [
        (
            search.short(trial),
            trial.status,
            shown(trial.objective),
            shown(trial.seconds),
            *(shown(trial.values.get(name)) for name in search.varied),
        )
        for trial in search.ranked
    ]
    return table("Best first", ("Trial", "Status", search.objective, "Seconds", *search.varied), rows)


def shown(value: Any) -> str:
    """A value in a short, readable form."""
    if value is None:
        return "-"
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
