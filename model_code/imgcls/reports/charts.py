"""Charts as inline SVG: lines, bars, stacked bars and heat maps. Colours come from the page's style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from imgcls.reports.scales import Axis, Series, clean, number

NUM_COLOURS = 8
_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 10, 40


def lines(
    series: Sequence[Series],
    *,
    label: str,
    x_label: str,
    y_label: str = "",
    low: float | None = None,
    high: float | None = None,
    logarithmic: bool = False,
    marks: Mapping[float, str] | None = None,
) -> str:
    """A line chart. `label` is its title, also for screen readers; `marks` are vertical lines: x -> text."""
    points = [clean(item, logarithmic) for item in series]
    xs = [x for line in points for x, _ in line] or [0.0]
    ys = [y for line in points for _, y in line] or [0.0]
    x_axis = Axis(min(xs), max(xs), _LEFT, _WIDTH - _RIGHT)
    bottom = min(ys) if low is None else low
    top = max(ys) if high is None else max(high, max(ys))
    y_axis = Axis(bottom, top, _HEIGHT - _BOTTOM, _TOP, pad=low is None)
    parts = _axes(x_axis, y_axis, x_label, logarithmic)
    for index, (x, text) in enumerate((marks or {}).items()):
        parts += _mark(x_axis.place(x), text, index)
    for index, line in enumerate(points):
        colour = index % NUM_COLOURS + 1
        path = " ".join(f"{x_axis.place(x):.1f},{y_axis.place(y):.1f}" for x, y in line)
        parts.append(f'<polyline class="l{colour}" points="{path}"/>')
        if len(line) <= 40:
            parts += [
                f'<circle class="f{colour}" cx="{x_axis.place(x):.1f}" cy="{y_axis.place(y):.1f}" r="3">'
                f"<title>{escape(series[index].name)}: {number(10**y if logarithmic else y)} at {number(x)}"
                "</title></circle>"
                for x, y in line
            ]
    return _titled(label, y_label) + legend([item.name for item in series]) + _svg(label, _WIDTH, _HEIGHT, parts)


def _mark(x: float, text: str, index: int) -> list[str]:
    """A dashed line with its text on the side where there is room, in a row of its own so that texts do not overlap."""
    side, anchor = (4, "start") if x < (_LEFT + _WIDTH - _RIGHT) / 2 else (-4, "end")
    place = f'x="{x + side:.1f}" y="{_TOP + 9 + 14 * index}" text-anchor="{anchor}"'
    return [
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>',
        f'<text class="said" {place}>{escape(text)}</text>',
    ]


def histogram(values: Sequence[float], *, label: str, x_label: str, num_bins: int = 24) -> str:
    """Vertical bars: how many of the values are in each of equal bins."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high == low:  # a single value: a bar in the middle of an axis around it
        low, high = low - (0.1 * abs(low) or 1.0), high + (0.1 * abs(high) or 1.0)
    width = (high - low) / num_bins
    counts = [0] * num_bins
    for value in values:
        counts[min(int((value - low) / width), num_bins - 1)] += 1
    x_axis = Axis(low, low + width * num_bins, _LEFT, _WIDTH - _RIGHT)
    y_axis = Axis(0, max(counts), _HEIGHT - _BOTTOM, _TOP)
    parts = _axes(x_axis, y_axis, x_label, False)
    for index, count in enumerate(counts):
        left, right = x_axis.place(low + index * width), x_axis.place(low + (index + 1) * width)
        top = y_axis.place(count)
        parts.append(
            f'<rect class="f1" x="{left + 1:.1f}" y="{top:.1f}" width="{max(right - left - 2, 1):.1f}" '
            f'height="{_HEIGHT - _BOTTOM - top:.1f}"><title>{number(low + index * width)} to '
            f"{number(low + (index + 1) * width)}: {count}</title></rect>"
        )
    return _titled(label) + _svg(label, _WIDTH, _HEIGHT, parts)


def bars(
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    label: str,
    unit: str = "",
    longest: float | None = None,
) -> str:
    """Horizontal bars, one row per name, the series stacked; the total is printed after the bar.

    `longest` is the value of a full-length bar, by default the largest total.
    """
    row, left, width = 22, 190, _WIDTH
    totals = _totals(names, series)
    scale = (width - left - 74) / (longest or max(totals, default=0) or 1)
    parts = []
    for index, name in enumerate(names):
        y, x = index * row, float(left)
        parts.append(
            f'<text class="name" x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(_cut(name, 27))}</text>'
        )
        for colour, (kind, values) in enumerate(series.items()):
            length = values[index] * scale
            parts.append(
                f'<rect class="f{colour % NUM_COLOURS + 1}" x="{x:.1f}" y="{y + 3}" width="{length:.1f}" height="16" '
                f'rx="2"><title>{escape(name)}, {escape(kind)}: {number(values[index])}{escape(unit)}</title></rect>'
            )
            x += length
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 15}">{number(totals[index])}{escape(unit)}</text>')
    keys = legend(list(series)) if len(series) > 1 else ""
    return keys + f'<div class="bars">{_svg(label, width, max(len(names), 1) * row + 4, parts)}</div>'


def bar_columns(names: Sequence[str], series: Mapping[str, Sequence[float]], *, label: str, unit: str = "") -> str:
    """`bars` in two columns with the same scale if there are many rows."""
    half = len(names) if len(names) <= 20 else -(-len(names) // 2)
    longest = max(_totals(names, series), default=0)
    columns = [
        bars(
            names[start : start + half],
            {kind: values[start : start + half] for kind, values in series.items()},
            label=label,
            unit=unit,
            longest=longest,
        )
        for start in range(0, len(names), half or 1)
    ]
    return f'<div class="charts">{"".join(f"<div>{column}</div>" for column in columns)}</div>'


def _totals(names: Sequence[str], series: Mapping[str, Sequence[float]]) -> list[float]:
    return [sum(values[i] for values in series.values()) for i in range(len(names))]


def heatmap(matrix: Sequence[Sequence[float]], labels: Sequence[str], *, label: str, rows: str, columns: str) -> str:
    """A square matrix, each row shaded relative to its sum. Small ones show the numbers, large ones in tooltips."""
    num = len(labels)
    cell = 44.0 if num <= 8 else 26.0 if num <= 20 else max(7.0, 900 / num)
    font = 12.0 if cell >= 12 else 6.5
    margin = 16 + max((len(_cut(name, 26)) for name in labels), default=1) * font * 0.58
    width = margin + num * cell + 10
    side = num * cell
    parts = [f'<rect class="frame" x="{margin:.1f}" y="{margin:.1f}" width="{side:.1f}" height="{side:.1f}"/>']
    for index, name in enumerate(labels):
        parts += _matrix_names(_cut(name, 26), margin, margin + (index + 0.5) * cell + font * 0.35, font)
    for i, row in enumerate(matrix):
        total = sum(row) or 1
        for j, value in enumerate(row):
            if value:
                what = f"{rows} {labels[i]}, {columns} {labels[j]}: {number(value)}"
                parts += _matrix_cell(margin + j * cell, margin + i * cell, cell, value, value / total, what)
    style = f"min-width:min(100%,{min(width, 1000):.0f}px);max-width:{max(width, 320):.0f}px"
    return f'<div class="scroll"><div style="{style}">{_svg(label, width, width, parts)}</div></div>'


def _matrix_names(name: str, margin: float, middle: float, font: float) -> list[str]:
    """The labels of a class: of its row and of its column."""
    start = f'<text class="name" style="font-size:{font}px"'
    return [
        f'{start} x="{margin - 5:.1f}" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>',
        f'{start} transform="translate({middle:.1f},{margin - 5:.1f}) rotate(-90)">{escape(name)}</text>',
    ]


def _matrix_cell(x: float, y: float, cell: float, value: float, share: float, what: str) -> list[str]:
    parts = [
        f'<rect class="cell" x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" height="{cell:.1f}" '
        f'fill-opacity="{0.12 + 0.88 * share:.2f}"><title>{escape(what)}</title></rect>'
    ]
    if cell >= 22:
        shade = "inside" if share > 0.5 else "name"
        place = f'x="{x + cell / 2:.1f}" y="{y + cell / 2 + 4:.1f}"'
        parts.append(f'<text class="{shade}" {place} text-anchor="middle">{number(value)}</text>')
    return parts


def legend(names: Sequence[str]) -> str:
    if len(names) < 2:
        return ""
    keys = "".join(
        f'<li><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="f{i % NUM_COLOURS + 1}" width="12" height="12" '
        f'rx="3"/></svg>{escape(name)}</li>'
        for i, name in enumerate(names)
    )
    return f'<ul class="legend">{keys}</ul>'


def _axes(x_axis: Axis, y_axis: Axis, x_label: str, logarithmic: bool) -> list[str]:
    floor = _HEIGHT - _BOTTOM
    parts = []
    for value in y_axis.logarithmic_ticks() if logarithmic else y_axis.ticks():
        y = y_axis.place(value)
        text = number(round(10**value, 12)) if logarithmic else number(value)
        parts.append(f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    for value in x_axis.ticks(6):
        parts.append(
            f'<text x="{x_axis.place(value):.1f}" y="{floor + 17}" text-anchor="middle">{number(value)}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 5}" text-anchor="middle">{escape(x_label)}</text>')
    return parts


def _titled(label: str, y_label: str = "") -> str:
    unit = f' <span class="soft">({escape(y_label)})</span>' if y_label else ""
    return f"<h3>{escape(label)}{unit}</h3>"


def _svg(label: str, width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" role="img" aria-label="{escape(label)}" viewBox="0 0 {width:.0f} {height:.0f}">'
        f"{''.join(parts)}</svg>"
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
