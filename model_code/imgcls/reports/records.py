"""Reads what a training job recorded (`contract.records`), complete or cut short by a failure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgcls.contract import records, trials
from imgcls.reports.scales import Series


@dataclass(frozen=True)
class TrainingRecords:
    """Rows: metrics, debug figures, the findings of rules, the trials of a head search. All of them may be empty."""

    metrics: tuple[dict[str, Any], ...]
    debug: tuple[dict[str, Any], ...]
    findings: tuple[dict[str, Any], ...]
    profile: Mapping[str, Any]
    environment: Mapping[str, Any]
    trials: tuple[dict[str, Any], ...] = ()

    @classmethod
    def read(cls, folder: Path) -> TrainingRecords:
        """A file that a killed job did not write counts as empty."""
        debug = _rows(folder / records.DEBUG_FILE)
        return cls(
            metrics=_rows(folder / records.METRICS_FILE),
            debug=tuple(row for row in debug if "severity" not in row),
            findings=tuple(row for row in debug if "severity" in row),
            profile=_object(folder / records.PROFILE_FILE),
            environment=_object(folder / records.ENVIRONMENT_FILE),
            trials=_rows(folder / trials.FILE),
        )

    def metric(self, name: str) -> Series:
        """A metric over epochs."""
        rows = [row for row in self.metrics if row["name"] == name]
        return Series(name, [row["epoch"] for row in rows], [row["value"] for row in rows])

    def last(self, name: str) -> float | None:
        values = [row["value"] for row in self.metrics if row["name"] == name]
        return values[-1] if values else None

    def by_layer(self, name: str) -> list[Series]:
        """A debug value over steps, one series per layer group in the network's order."""
        layers: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.debug:
            if row["name"] == name:
                layers[row.get("layer", "")].append(row)
        return [
            Series(layer, [row["step"] for row in rows], [row["value"] for row in rows])
            for layer, rows in layers.items()
        ]


def _rows(path: Path) -> tuple[dict[str, Any], ...]:
    return tuple(records.read_rows(path)) if path.is_file() else ()


def _object(path: Path) -> Mapping[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return value
