"""The sections of a training report about layers: gradients and activations."""

from __future__ import annotations

from collections.abc import Sequence

from imgcls.contract import records as contract
from imgcls.reports import charts
from imgcls.reports.page import details, paragraph, side_by_side, table
from imgcls.reports.records import TrainingRecords
from imgcls.reports.scales import Series, number
from imgcls.reports.tiles import tiles

_MAX_LINES = 6
_GRADIENTS = {
    "Gradient norm": contract.GRADIENT_NORM,
    "Update ratio": contract.UPDATE_RATIO,
    "Gradient to weight": contract.GRADIENT_RATIO,
    "Weight norm": contract.WEIGHT_NORM,
}
_SPREADS = {"Standard deviation": contract.ACTIVATION_STD, "Mean": contract.ACTIVATION_MEAN}
_SHARES = {
    "Zeros after ReLU": contract.ZERO_FRACTION,
    "Dead channels": contract.DEAD_FRACTION,
    "Saturated": contract.SATURATED_FRACTION,
}


def gradient_flow(records: TrainingRecords) -> str:
    """Empty when nothing was sampled."""
    drawn = [
        _chart(series, title, logarithmic=True)
        for title, name in _GRADIENTS.items()
        if (series := records.by_layer(name))
    ]
    if not drawn:
        return ""
    text = (
        "Per layer group, in the network's order from input to output. Groups whose gradient stays far below the "
        "others' learn little; an update ratio near 0.001 is usual, above 0.1 the steps are too large."
    )
    return paragraph(text, soft=True) + side_by_side(drawn) + _as_table(records.by_layer(contract.GRADIENT_NORM))


def activations(records: TrainingRecords) -> str:
    """Empty when nothing was sampled."""
    drawn = [_chart(series, title) for title, name in _SPREADS.items() if (series := records.by_layer(name))]
    for title, name in _SHARES.items():
        series = records.by_layer(name)
        if any(value for item in series for value in item.ys):
            drawn.append(_chart(series, title, high=1.0))
    if not drawn:
        return ""
    text = (
        "The outputs of each layer group in the sampled steps. If the standard deviation shrinks towards zero or grows "
        "from group to group, change the initial weights or the normalisation; a channel that is always zero is dead."
    )
    return paragraph(text, soft=True) + side_by_side(drawn)


def _chart(series: Sequence[Series], title: str, *, logarithmic: bool = False, high: float | None = None) -> str:
    if len(series) > _MAX_LINES:
        return tiles(series, label=title, x_label="step", logarithmic=logarithmic)
    low = None if logarithmic or high is None else 0.0
    return charts.lines(series, label=title, x_label="step", logarithmic=logarithmic, low=low, high=high)


def _as_table(flow: Sequence[Series]) -> str:
    rows = []
    for layer in flow:
        values = [value for value in layer.ys if value is not None]
        if values:
            rows.append((layer.name, *(number(value) for value in (values[0], min(values), max(values), values[-1]))))
    columns = ("Layer group", "First", "Smallest", "Largest", "Last")
    return details("As a table", table("Gradient norms", columns, rows))
