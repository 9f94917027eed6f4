"""Many series over the same steps as rows of tiles, which are easier to tell apart than lines in eight colours."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from imgcls.reports.scales import Series, clean, number

_WIDTH, _LEFT, _TOP, _ROW = 560.0, 128.0, 6.0, 17.0
_MAX_COLUMNS = 60
_FAINTEST = 0.06


def tiles(series: Sequence[Series], *, label: str, x_label: str, logarithmic: bool = False) -> str:
    """One row per series, dark where the value is high. Long series are thinned out; gaps stay empty."""
    shown = [_thinned(item) for item in series]
    points = [dict(clean(item, logarithmic)) for item in shown]
    columns = sorted({x for row in points for x in row})
    values = [value for row in points for value in row.values()] or [0.0]
    low, high = min(values), max(values)
    width = (_WIDTH - _LEFT - 4) / max(len(columns), 1)
    parts = []
    for index, (item, row) in enumerate(zip(shown, points, strict=True)):
        y = _TOP + index * _ROW
        parts.append(
            f'<text class="name" x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(_cut(item.name))}</text>'
        )
        for column, x in enumerate(columns):
            if x in row:
                shade = _FAINTEST + (1 - _FAINTEST) * ((row[x] - low) / (high - low) if high > low else 0.5)
                value = 10 ** row[x] if logarithmic else row[x]
                parts.append(
                    f'<rect class="cell" x="{_LEFT + column * width:.1f}" y="{y:.1f}" width="{max(width - 1, 1):.1f}" '
                    f'height="{_ROW - 1}" fill-opacity="{shade:.2f}"><title>{escape(item.name)}, {escape(x_label)} '
                    f"{number(x)}: {number(value)}</title></rect>"
                )
    bottom = _TOP + len(shown) * _ROW
    parts += _places(columns, width, bottom, x_label)
    ends = [10**value if logarithmic else value for value in (low, high)]
    scale = f"{ends[0]:.3g} (faint) to {ends[1]:.3g} (dark)"
    return (
        f'<h3>{escape(label)} <span class="soft">({escape(scale)}{", logarithmic" if logarithmic else ""})</span></h3>'
        f'<svg class="chart" role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH:.0f} {bottom + 36:.0f}">'
        f"{''.join(parts)}</svg>"
    )


def _places(columns: Sequence[float], width: float, bottom: float, x_label: str) -> list[str]:
    """The numbers below the tiles, at most six, and their label."""
    every = max(1, -(-len(columns) // 6))
    parts = [
        f'<text x="{_LEFT + (index + 0.5) * width:.1f}" y="{bottom + 14:.1f}" text-anchor="middle">{number(x)}</text>'
        for index, x in enumerate(columns)
        if index % every == 0
    ]
    middle = (_LEFT + _WIDTH) / 2
    parts.append(f'<text x="{middle:.0f}" y="{bottom + 31:.1f}" text-anchor="middle">{escape(x_label)}</text>')
    return parts


def _thinned(series: Series) -> Series:
    every = max(1, -(-len(series.xs) // _MAX_COLUMNS))
    return Series(series.name, series.xs[::every], series.ys[::every])


def _cut(text: str) -> str:
    return text if len(text) <= 18 else "…" + text[-17:]
