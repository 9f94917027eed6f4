"""The section of a training report about a head search: its trials, best first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from imgcls.reports import charts
from imgcls.reports.page import details, paragraph, table
from imgcls.reports.scales import number

_MAX_BARS = 20


def render_trials(rows: Sequence[Mapping[str, Any]]) -> str:
    """`rows` are those of trials.jsonl (`contract.trials`)."""
    ranked = sorted(rows, key=lambda row: (row["value"] is None, -(row["value"] or 0.0), row["trial"]))
    names = sorted({name for row in rows for name in row["values"]})
    varied = [name for name in names if len({json.dumps(row["values"].get(name)) for row in rows}) > 1]
    seconds = sum(row["seconds"] for row in rows)
    counts = ", ".join(f"{count} {state}" for state, count in Counter(row["state"] for row in rows).items())
    text = f"{len(rows)} trials of the last layer in {seconds:.1f} s: {counts}."
    measured = [row for row in ranked if row["value"] is not None][:_MAX_BARS]
    bars = charts.bars(
        [f"trial {row['trial']}" for row in measured],
        {rows[0]["objective"]: [round(row["value"], 4) for row in measured]},
        label="Trials by objective",
    )
    cells = [
        (
            row["trial"], row["state"], row["rungs"][-1]["epochs"] if row["rungs"] else 0,
            "-" if row["value"] is None else number(round(row["value"], 4)),
            *(_short(row["values"].get(name)) for name in varied),
        )
        for row in ranked
    ]  # fmt: skip
    listed = table("Best first", ("Trial", "State", "Epochs", rows[0]["objective"], *varied), cells)
    return paragraph(text) + bars + details("Every trial", listed, is_open=len(rows) <= _MAX_BARS)


def _short(value: object) -> str:
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
