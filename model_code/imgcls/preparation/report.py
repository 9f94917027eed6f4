"""Gathers what the data report shows: which images of each class, which pairs, and their thumbnails."""

from __future__ import annotations

import io
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls import preprocess
from imgcls.contract.manifest import QUARANTINED, REMOVED, SPLITS, Row
from imgcls.preparation.findings import BY_CODE
from imgcls.reports.data import DataReport, render_data_report

if TYPE_CHECKING:
    from imgcls.preparation.run import Check

_SIDE = 96
_QUALITY = 70
_MAX_SAMPLES = 600
_MAX_PER_CLASS = 4
_MAX_PAIRS = 12
_MAX_LEFT_OUT = 24


def render(check: Check) -> str:
    rows = {row.path: row for row in check.decision.rows}
    samples = _samples(check)
    pairs = sorted(check.decision.pairs, key=lambda pair: (BY_CODE[pair.code].action == "kept", pair.path))
    wanted = {path for paths in samples.values() for path in paths}
    wanted |= {path for pair in pairs[:_MAX_PAIRS] for path in (pair.path, pair.other)}
    left_out = [row.path for row in rows.values() if row.split in (QUARANTINED, REMOVED) and row.width]
    wanted |= set(left_out[:_MAX_LEFT_OUT])
    return render_data_report(
        DataReport(
            header=check.header,
            rows=check.decision.rows,
            failures=check.verdict.failures,
            notes=check.verdict.notes,
            pairs=[(pair.path, pair.other, pair.code) for pair in pairs],
            reasons=check.decision.reasons,
            meanings={code: (finding.meaning, finding.action) for code, finding in BY_CODE.items()},
            samples=samples,
            thumbnails={path: thumbnail(check.folder / path, check.settings.max_pixels) for path in sorted(wanted)},
        )
    )


def _samples(check: Check) -> dict[str, list[str]]:
    """Of each class the images with the smallest hashes: a fair choice that does not depend on names."""
    classes: dict[str, list[Row]] = defaultdict(list)
    for row in check.decision.rows:
        if row.split in SPLITS:
            classes[row.label_folder].append(row)
    num = max(1, min(_MAX_PER_CLASS, _MAX_SAMPLES // max(len(classes), 1)))
    return {
        name: [row.path for row in sorted(rows, key=lambda row: row.sha256)[:num]]
        for name, rows in sorted(classes.items())
    }


def thumbnail(path: Path, max_pixels: int) -> bytes:
    """A JPEG of the image's centre square."""
    image = preprocess.decode(path.read_bytes(), max_pixels, min_side=_SIDE)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize((_SIDE, _SIDE), box=(left, top, left + side, top + side))
    buffer = io.BytesIO()
    square.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
