"""Collects the contents of the data report: samples of each class, pairs of images, and their thumbnails."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, zip_longest

import numpy as np

from imgcls.contract.manifest import QUARANTINED, REMOVED, SPLITS
from imgcls.preparation.checked_dataset import CheckedDataset
from imgcls.preparation.findings import BY_CODE
from imgcls.reports.data import DataReport, render_data_report
from imgcls.reports.thumbnails import thumbnail

_MAX_BYTES = 3_000_000
"""Limit for all thumbnails; base64 adds a third."""
_MAX_SAMPLES = 600
_MAX_PER_CLASS = 4
_MAX_PAIRS = 12
_MAX_LEFT_OUT = 24


def render(check: CheckedDataset) -> str:
    samples = _samples(check)
    pairs = sorted(check.decision.pairs, key=lambda pair: (BY_CODE[pair.code].action == "kept", pair.path))
    decision = check.decision
    out = (decision.rows[index] for split in (QUARANTINED, REMOVED) for index in decision.of(split))
    left_out = list(islice((row.path for row in out if row.width), _MAX_LEFT_OUT))
    # Classes take turns, so that the limit of the page's size cuts the last samples of each class, not whole classes.
    fair = [path for round_ in zip_longest(*samples.values()) for path in round_ if path]
    alike = [path for pair in pairs[:_MAX_PAIRS] for path in (pair.path, pair.other)]
    return render_data_report(
        DataReport(
            header=check.header,
            rows=check.decision.rows,
            failures=check.assessment.failures,
            warnings=check.assessment.warnings,
            pairs=[(pair.path, pair.other, pair.code) for pair in pairs],
            reasons=check.decision.reasons,
            meanings={code: (finding.meaning, finding.action) for code, finding in BY_CODE.items()},
            samples=samples,
            thumbnails=_thumbnails(check, [*alike, *left_out, *fair]),
        )
    )


def _samples(check: CheckedDataset) -> dict[str, list[str]]:
    """The images of each class with the smallest hashes: a fair choice that does not depend on names."""
    decision, catalogue = check.decision, check.decision.catalogue
    used = np.concatenate([decision.of(split) for split in SPLITS])
    num = max(1, min(_MAX_PER_CLASS, _MAX_SAMPLES // max(len(check.header.classes), 1)))
    samples = {}
    for number in np.unique(catalogue.records["label"][used]):
        members = used[catalogue.records["label"][used] == number]
        chosen = members[np.argsort(catalogue.contents(members))[:num]]
        samples[catalogue.label_folders[number]] = [catalogue.path(index) for index in chosen]
    return dict(sorted(samples.items()))


def _thumbnails(check: CheckedDataset, paths: Iterable[str]) -> dict[str, bytes]:
    """Path -> thumbnail, of as many of `paths` as fit into the page."""
    made: dict[str, bytes] = {}
    size = 0
    for path in dict.fromkeys(paths):
        made[path] = thumbnail((check.folder / path).read_bytes(), max_pixels=check.settings.max_pixels)
        size += len(made[path])
        if size > _MAX_BYTES:
            break
    return made
