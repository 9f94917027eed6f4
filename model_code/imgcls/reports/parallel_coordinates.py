"""Parallel coordinates as inline SVG: one vertical axis per value, one line per trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from imgcls.reports.scales import Axis, number

_HEIGHT, _TOP, _BOTTOM = 300, 42, 18
_COLUMN, _MARGIN = 150, 70
_DECADES = 2.0
"""Positive numbers that span more powers of ten than this are drawn on a logarithmic axis."""
_MAX_TICKS = 5
_HALO = "paint-order:stroke;stroke:var(--card);stroke-width:4px"
"""Keeps the ticks' texts readable where lines cross them."""


@dataclass(frozen=True)
class Column:
    """One axis: its name and a value per line, numbers or strings. At None the line skips the axis."""

    name: str
    values: Sequence[Any]


def parallel(columns: Sequence[Column], names: Sequence[str], *, label: str, best: int | None = None) -> str:
    """The chart. `names` are those of the lines; the line `best` is drawn thicker, on top of the others."""
    width = 2 * _MARGIN + _COLUMN * (len(columns) - 1)
    places = [_MARGIN + _COLUMN * index for index in range(len(columns))]
    scales = [_scale(column.values) for column in columns]
    order = sorted(range(len(names)), key=lambda index: index == best)
    parts = [_line(index, columns, places, scales, names[index], index == best) for index in order]
    parts += [
        part for x, column, scale in zip(places, columns, scales, strict=True) for part in _axis(x, column, scale)
    ]
    return (
        f'<div class="scroll"><svg class="chart" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {width} {_HEIGHT}" style="min-width:{min(width, 900)}px">{"".join(parts)}</svg></div>'
    )


@dataclass(frozen=True)
class _Scale:
    place: Callable[[Any], float]
    ticks: Sequence[tuple[float, str]]


def _scale(values: Sequence[Any]) -> _Scale:
    known = [value for value in values if value is not None]
    if all(isinstance(value, int | float) for value in known):
        return _numeric([float(value) for value in known] or [0.0])
    texts = sorted({str(value) for value in known})
    axis = Axis(0, max(len(texts) - 1, 1), _HEIGHT - _BOTTOM, _TOP)
    at = {text: axis.place(index if len(texts) > 1 else 0.5) for index, text in enumerate(texts)}
    return _Scale(lambda value: at[str(value)], [(y, text) for text, y in at.items()])


def _numeric(values: Sequence[float]) -> _Scale:
    low, high = min(values), max(values)
    if low > 0 and math.log10(high / low) > _DECADES:
        axis = Axis(math.log10(low), math.log10(high), _HEIGHT - _BOTTOM, _TOP)
        ticks = [(axis.place(tick), number(round(10**tick, 12))) for tick in axis.logarithmic_ticks()]
        return _Scale(lambda value: axis.place(math.log10(value)), ticks[:: math.ceil(len(ticks) / _MAX_TICKS) or 1])
    axis = Axis(low, high, _HEIGHT - _BOTTOM, _TOP)
    return _Scale(axis.place, [(axis.place(tick), number(round(tick, 12))) for tick in axis.ticks(_MAX_TICKS)])


def _axis(x: float, column: Column, scale: _Scale) -> list[str]:
    title = f'<text x="{x}" y="18" text-anchor="middle">{escape(column.name)}</text>'
    rule = f'<line class="axis" x1="{x}" x2="{x}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
    ticks = [
        f'<text x="{x - 6}" y="{y + 4:.1f}" text-anchor="end" style="{_HALO}">{escape(text)}</text>'
        for y, text in scale.ticks
    ]
    return [title, rule, *ticks]


def _line(
    index: int, columns: Sequence[Column], places: Sequence[float], scales: Sequence[_Scale], name: str, best: bool
) -> str:
    points = [
        f"{x},{scale.place(column.values[index]):.1f}"
        for x, column, scale in zip(places, columns, scales, strict=True)
        if column.values[index] is not None
    ]
    style = "stroke-width:3" if best else "opacity:.45"
    return (
        f'<polyline class="l{1 if best else 2}" style="{style}" points="{" ".join(points)}">'
        f"<title>{escape(name)}</title></polyline>"
    )
