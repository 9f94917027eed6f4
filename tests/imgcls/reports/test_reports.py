"""The evaluation and data reports: readable with 2 and with 133 classes, escaped, with correct statements."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgcls.contract import records
from imgcls.contract.evaluation import ClassScore, Evaluation, Score
from imgcls.contract.manifest import Header, Row
from imgcls.reports import write
from imgcls.reports.data import DataReport, render_data_report
from imgcls.reports.evaluation import Bin, Mistake, render_evaluation_report
from tests.imgcls.reports.pages import checked, jpeg, write_records


def _evaluation(num: int, champion: bool = False) -> Evaluation:
    labels = [f"Breed <{i}>" for i in range(num)]
    matrix = np.eye(num, dtype=int) * 5
    matrix[0, 1] = 2
    values: dict[str, Any] = {
        "num_images": int(matrix.sum()),
        "accuracy": 0.9,
        "loss": 0.31,
        "ece": 0.04,
        "per_class": {label: ClassScore(5, 0.9, 0.8) for label in labels},
        "confusion_matrix": tuple(map(tuple, matrix.tolist())),
        "latency_ms": 10.0,
        "artifact_bytes": 44_000_000,
        "precision": "int8",
        "agreement_with_fp32": 0.995,
        "version": "20261120T132415Z-1a2b3c4d",
    }
    return Evaluation(**values, manifest_id="abc", champion=Score(**{**values, "accuracy": 0.85}) if champion else None)


@pytest.mark.parametrize("num", [2, 133])
def test_evaluation_report(num: int) -> None:
    mistakes = [Mistake(jpeg(160), f"x/{i}.jpg", "Breed <0>", "Breed <1>", 0.9) for i in range(24)]
    bins = [Bin(0.5, 0.4, 10), Bin(0.9, 0.95, 90), Bin(0.0, 0.0, 0)]
    text = checked(render_evaluation_report(_evaluation(num, champion=True), mistakes, bins, "dogs"))
    assert "90.0%" in text and "+5.00%" in text
    assert f"Breed <{num - 1}>" in text
    assert "Breed <1> (90%), is Breed <0>" in text


def test_evaluation_report_without_champion_or_mistakes() -> None:
    text = checked(render_evaluation_report(_evaluation(2)))
    assert "Nothing is published yet" in text and "No images were recorded." in text


class _Split:
    labels = ("cat", "dog")
    targets = (0, 0, 1, 1)

    def read(self, index: int) -> bytes:
        return jpeg(200 + index)

    def name(self, index: int) -> str:
        return f"image{index}.jpg"


def test_reports_are_written_with_the_most_confident_mistakes_first(tmp_path: Path) -> None:
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.95, 0.05], [0.2, 0.8]])
    write_records(tmp_path, records.PROFILE_EXAMPLE)
    folder = tmp_path / "reports"
    written = write.write_training_reports(folder, tmp_path)
    written.append(write.write_evaluation_report(folder, _evaluation(2), probabilities, _Split(), "pets"))
    assert [path.name for path in written] == [
        "training-report.html",
        "profiler-report.html",
        "cross-entropy.png",
        "accuracy.png",
        "step-time.png",
        "evaluation-report.html",
    ]
    with Image.open(written[2]) as image:
        assert image.format == "PNG" and image.size == (720, 420)
    text = checked(written[-1].read_text())
    assert text.index("cat (95%), is dog") < text.index("dog (70%), is cat")
    mistakes = write.worst_mistakes(probabilities, np.array(_Split.targets), _Split())
    assert [mistake.name for mistake in mistakes] == ["image2.jpg", "image1.jpg"]
    bins = write.reliability(probabilities, np.array(_Split.targets))
    assert sum(item.num for item in bins) == 4
    assert (bins[-1].num, bins[-1].accuracy) == (2, 0.5)


def _data_report(num: int) -> DataReport:
    names = [f"{i:03d}.Breed<{i}>" for i in range(num)]
    rows = [
        Row(f"train/{name}/{i}.jpg", "0" * 64, 9000, name, split, 300, 200, findings)
        for name in names
        for i, (split, findings) in enumerate(
            [("train", ()), ("validation", ("grey",)), ("quarantine", ("truncated",)), ("removed", ("leak",))]
        )
    ]
    counts = {split: num for split in ("train", "validation", "quarantine", "removed")}
    samples = {name: [row.path for row in rows if row.label_folder == name][:4] for name in names}
    return DataReport(
        header=Header("0123456789abcdef", "dogs", {"jpeg_quality": 90}, tuple(names), counts),
        rows=rows,
        failures=("class 'x' has 3 images",),
        warnings=("imbalance: <much>",),
        pairs=[(rows[0].path, rows[1].path, "leak")],
        reasons={rows[2].path: "the image is cut short"},
        meanings={"grey": ("grey, read as RGB", "kept")},
        samples=samples,
        thumbnails={path: jpeg() for paths in samples.values() for path in paths},
    )


@pytest.mark.parametrize("num", [2, 133])
def test_data_report(num: int) -> None:
    text = checked(render_data_report(_data_report(num)))
    assert "Error: class 'x' has 3 images" in text and "Warning: imbalance: <much>" in text
    assert f"Breed<{num - 1}>" in text
    assert "grey, read as RGB" in text and "the image is cut short" in text


def test_pages_with_the_same_data_are_the_same() -> None:
    assert render_data_report(_data_report(3)) == render_data_report(_data_report(3))
    assert not re.search(r"/(?:tmp|home|work)/", render_data_report(_data_report(3)))
