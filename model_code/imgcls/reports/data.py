"""`data-report.html`: what is in a data set, what was found, and what was done about it."""

from __future__ import annotations

import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from imgcls.contract.artifact import label_of
from imgcls.contract.manifest import QUARANTINED, REMOVED, SPLITS, Header, Row
from imgcls.reports import charts
from imgcls.reports.page import (
    Section,
    details,
    facts,
    figure,
    grid,
    heading,
    notice,
    page,
    paragraph,
    side_by_side,
    table,
)

MAX_LISTED = 200


@dataclass(frozen=True)
class DataReport:
    """The contents of the report. `thumbnails` maps an image's path to a small JPEG.

    `samples` are the paths to show for each class folder; `pairs` are (path, other path, finding);
    `meanings` maps a finding's code to (meaning, action); `reasons` maps a quarantined path to its sentence.
    """

    header: Header
    rows: Sequence[Row]
    failures: Sequence[str] = ()
    warnings: Sequence[str] = ()
    pairs: Sequence[tuple[str, str, str]] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    samples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)


def render_data_report(data: DataReport) -> str:
    """The page; it is smaller than 5 MB if the thumbnails are."""
    header = data.header
    sections = [
        Section("Summary", _summary(data)),
        Section("Findings", _findings(data)),
        Section("Classes", _classes(data)),
        Section("Sizes of the images in use", _sizes(data.rows)),
        Section("Samples", _samples(data)),
    ]
    if data.pairs:
        sections.append(Section("Copies and near duplicates", _pairs(data)))
    if any(row.split in (QUARANTINED, REMOVED) for row in data.rows):
        sections.append(Section("Left out", _left_out(data)))
    settings = [(name, json.dumps(value)) for name, value in header.settings.items()]
    sections.append(Section("Settings", details("All settings", table("", ("Setting", "Value"), settings))))
    return page(f"Data report: {header.dataset}", f"Manifest {header.id}", sections)


def _summary(data: DataReport) -> str:
    counts = data.header.counts
    verdict = (
        "".join(notice("error", sentence) for sentence in data.failures)
        if data.failures
        else notice("good", "This data set is fit for training.")
    )
    tiles = {"images": f"{len(data.rows):,}", "classes": len(data.header.classes)}
    tiles |= {split: f"{counts.get(split, 0):,}" for split in SPLITS}
    tiles |= {"quarantined": counts.get(QUARANTINED, 0), "removed": counts.get(REMOVED, 0)}
    return verdict + facts(tiles | {"size": _bytes(sum(row.bytes for row in data.rows))})


def _findings(data: DataReport) -> str:
    counts = Counter(code for row in data.rows for code in row.findings)
    warnings = "".join(notice("warning", text) for text in data.warnings)
    if not counts:
        return warnings + paragraph("There are no findings: all images can be decoded, and no two are alike.")
    rows = [(code, num, *data.meanings.get(code, ("", ""))) for code, num in counts.most_common()]
    rows.sort(key=lambda row: ("quarantined", "removed", "kept", "").index(row[3]))
    return warnings + table("Images per finding", ("Finding", "Images", "Meaning", "Action"), rows)


def _classes(data: DataReport) -> str:
    per_class: dict[str, Counter[str]] = defaultdict(Counter)
    for row in data.rows:
        per_class[row.label_folder][row.split] += 1
    names = list(data.header.classes)
    kinds = [kind for kind in (*SPLITS, QUARANTINED, REMOVED) if data.header.counts.get(kind)]
    series = {kind: [per_class[name][kind] for name in names] for kind in kinds}
    labels = [label_of(name, data.header.settings.get("labels")) for name in names]
    chart = charts.bar_columns(labels, series, label="Images per class and split")
    rows = [
        (name, label, *(per_class[name][kind] for kind in kinds)) for name, label in zip(names, labels, strict=True)
    ]
    return chart + details("As a table", table("Images per class", ("Folder", "Label", *kinds), rows))


def _sizes(rows: Iterable[Row]) -> str:
    # Arrays instead of rows: the report of a million images must not need much memory.
    sides, ratios, megapixels, kilobytes = (array("d") for _ in range(4))
    for row in rows:
        # A single banner of 20:1 among the images left out would squeeze all others into one bar.
        if row.width and row.split in SPLITS:
            sides.append(min(row.width, row.height))
            ratios.append(row.width / row.height)
            megapixels.append(row.width * row.height / 1e6)
            kilobytes.append(row.bytes / 1000)
    return side_by_side(
        charts.histogram(values, label=label, x_label=unit)
        for label, unit, values in (
            ("Short side", "pixels", sides),
            ("Width to height", "ratio", ratios),
            ("Megapixels", "million pixels", megapixels),
            ("File size", "KB", kilobytes),
        )
    )


def _samples(data: DataReport) -> str:
    blocks = []
    for name, paths in data.samples.items():
        label = label_of(name, data.header.settings.get("labels"))
        figures = [figure(data.thumbnails[path], f"{label}: {path}") for path in paths if path in data.thumbnails]
        blocks.append(f"<div>{heading(label)}{grid(figures)}</div>")
    return f'<div class="classes">{"".join(blocks)}</div>'


def _pairs(data: DataReport) -> str:
    blocks = []
    for path, other, code in data.pairs:
        if path in data.thumbnails and other in data.thumbnails:
            caption = code.replace("-", " ")
            figures = (figure(data.thumbnails[p], p, f"{caption}: {p}" if p == path else p) for p in (path, other))
            blocks.append(grid(figures, wide=True))
    rows = [(path, other, code) for path, other, code in data.pairs[:MAX_LISTED]]
    listed = table(_listed(len(data.pairs)), ("Image", "Similar to", "Finding"), rows)
    return f'<div class="classes">{"".join(blocks)}</div>' + listed


def _left_out(data: DataReport) -> str:
    out = [row for row in data.rows if row.split in (QUARANTINED, REMOVED)]
    shown = [row for row in out if row.path in data.thumbnails]
    figures = [figure(data.thumbnails[row.path], row.path, ", ".join(row.findings)) for row in shown]
    rows = [(row.path, row.split, ", ".join(row.findings), data.reasons.get(row.path, "")) for row in out[:MAX_LISTED]]
    return grid(figures) + table(_listed(len(out)), ("File", "Action", "Findings", "Reason"), rows)


def _listed(num: int) -> str:
    return f"The first {MAX_LISTED} of {num:,}; the manifest lists all" if num > MAX_LISTED else f"{num:,} in all"


def _bytes(num: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if num < 1000:
            return f"{num:.3g} {unit}"
        num /= 1000
    return f"{num:.3g} TB"
