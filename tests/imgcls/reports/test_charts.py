"""The inline charts: well-formed SVG, the values in their places, gaps and empty data without an error."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from imgcls.reports import charts
from imgcls.reports.scales import Series, number


def _svgs(html: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(f"<root>{html}</root>")
    return [element for element in root.iter("svg") if element.get("role") == "img"]


def test_a_line_has_a_point_for_every_value_and_none_for_gaps() -> None:
    series = Series("loss", [1, 2, 3, 4], [0.5, None, math.nan, 0.25])
    (svg,) = _svgs(charts.lines([series], label="Loss", x_label="epoch"))
    assert len(list(svg.iter("circle"))) == 2
    (polyline,) = svg.iter("polyline")
    first, last = (tuple(map(float, point.split(","))) for point in polyline.get("points", "").split())
    assert first[0] < last[0] and first[1] < last[1]
    assert svg.get("aria-label") == "Loss"


def test_a_logarithmic_line_leaves_out_what_has_no_logarithm() -> None:
    series = Series("norm", [1, 2, 3], [0.0, 0.01, 10.0])
    (svg,) = _svgs(charts.lines([series], label="Norm", x_label="step", logarithmic=True))
    assert len(list(svg.iter("circle"))) == 2
    assert {"0.01", "0.1", "1", "10"} <= {text.text for text in svg.iter("text")}


@pytest.mark.parametrize("ys", [[], [1.0], [2.0, 2.0], [None, None]])
def test_little_data_still_draws(ys: list[float | None]) -> None:
    html = charts.lines([Series("a", list(range(len(ys))), ys)], label="A", x_label="x")
    assert len(_svgs(html)) == 1


def test_bars_are_as_long_as_their_values_in_both_columns() -> None:
    names = [f"class {i}" for i in range(40)]
    values = [float(i + 1) for i in range(40)]
    first, second = _svgs(charts.bar_columns(names, {"train": values}, label="Images"))
    widths = [float(rect.get("width", 0)) for svg in (first, second) for rect in svg.iter("rect")]
    assert widths == pytest.approx([value * widths[-1] / 40 for value in values], abs=0.1)


def test_a_histogram_counts_every_value() -> None:
    (svg,) = _svgs(charts.histogram([1.0, 1.0, 2.0, 9.0], label="Sizes", x_label="pixels", num_bins=4))
    counts = [int((rect.findtext("title") or "").rsplit(" ", 1)[1]) for rect in svg.iter("rect")]
    assert counts == [3, 0, 0, 1]


def test_a_heat_map_shades_by_the_share_of_the_row() -> None:
    matrix = [[8, 2], [0, 5]]
    html = charts.heatmap(matrix, ["cat", "dog"], label="Confusion", rows="true", columns="called")
    (svg,) = _svgs(html)
    cells = {rect.findtext("title"): float(rect.get("fill-opacity", 0)) for rect in svg.iter("rect") if len(rect)}
    assert cells.keys() == {"true cat, called cat: 8", "true cat, called dog: 2", "true dog, called dog: 5"}
    assert cells["true dog, called dog: 5"] > cells["true cat, called cat: 8"] > cells["true cat, called dog: 2"]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (12345, "12,345"), (0.01234, "0.0123"), (1.2e-7, "1.2e-07"), (1234.5, "1,234")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text
