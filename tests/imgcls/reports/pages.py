"""Shared by the tests of the reports: requirements on any page, small images, recorded trainings."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imgcls.contract import records

MAX_BYTES = 5_000_000
_VOID = {"meta", "img", "br", "rect", "circle", "line", "polyline"}


class _Checker(HTMLParser):
    """Checks that tags are balanced, ids are unique, and nothing is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]
        assert tag not in ("script", "iframe", "object", "link")
        assert tag != "img" or values.get("alt")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def checked(html: str) -> str:
    """The page's text, after checking the requirements on any page."""
    checker = _Checker()
    checker.feed(html)
    assert checker.open == []
    assert len(set(checker.ids)) == len(checker.ids)
    assert all(source.startswith(("#", "data:")) for source in checker.sources)
    assert "url(" not in html and "@import" not in html
    assert "http://" not in html and "https://" not in html
    assert "prefers-color-scheme: dark" in html
    assert len(html.encode()) < MAX_BYTES
    return checker.text


def jpeg(side: int = 96) -> bytes:
    noise = np.random.default_rng(side).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((side, side)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def write_records(
    folder: Path,
    profile: dict[str, Any],
    *,
    layers: Sequence[str] = ("conv1", "layer1", "<fc>"),
    num_classes: int = 2,
    **environment: Any,
) -> None:
    metrics, debug = [], []
    for epoch in range(1, 5):
        for name, value in (("train:loss", 2 / epoch), ("validation:loss", 2.2 / epoch), ("train:epoch", epoch)):
            metrics.append(records.row(10 * epoch, epoch, 0.0, name, value))
        for name, value in (("validation:accuracy", 0.2 * epoch), ("best:epoch", 3), ("best:validation-accuracy", 0.6)):
            metrics.append(records.row(10 * epoch, epoch, 0.0, name, value))
        for layer in layers:
            for name in (records.GRADIENT_NORM, records.ACTIVATION_STD, records.ZERO_FRACTION):
                debug.append(records.row(10 * epoch, epoch, 0.0, name, 1 / epoch, layer))
        debug.append(records.row(10 * epoch, epoch, 0.0, records.LOSS, 2 / epoch, records.NETWORK))
        for index in range(num_classes):
            debug.append(records.row(10 * epoch, epoch, 0.0, records.LABEL_COUNT, 5 * epoch, str(index)))
    row = records.row(30, 3, 0.0, "overfitting", 1.5)
    debug.append(records.finding(row, records.WARNING, "train fewer epochs"))
    hyperparameters = {"model-name": "dogs", "epochs": 4, "num-workers": 2}
    labels = [f"Breed <{index}>" for index in range(num_classes)]
    values = {"hyperparameters": hyperparameters, "labels": labels, "num_cpus": 2, "device": "cpu"}
    (folder / records.METRICS_FILE).write_text("".join(json.dumps(row) + "\n" for row in metrics))
    (folder / records.DEBUG_FILE).write_text("".join(json.dumps(row) + "\n" for row in debug))
    (folder / records.PROFILE_FILE).write_text(json.dumps(profile))
    (folder / records.ENVIRONMENT_FILE).write_text(json.dumps({**values, "outcome": "completed", **environment}))
