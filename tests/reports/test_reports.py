"""Every report: self-contained, escaped, small enough with 133 classes, and its words right about the data."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgcls.contract import records
from imgcls.contract.artifact import ModelCard, Preprocessing
from imgcls.contract.evaluation import ClassScore, Evaluation, Score
from imgcls.contract.manifest import Header, Row
from imgcls.reports import write
from imgcls.reports.data import DataReport, render_data_report
from imgcls.reports.evaluation import Bin, Mistake, render_evaluation_report
from imgcls.reports.profiler import render_profiler_report
from imgcls.reports.training import render_training_report

MAX_BYTES = 5_000_000
_VOID = {"meta", "img", "br", "rect", "circle", "line", "polyline"}


class _Checker(HTMLParser):
    """Tags are balanced, ids unique, and nothing is fetched."""

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
    """The page's text, after everything that must hold for any page."""
    checker = _Checker()
    checker.feed(html)
    assert checker.open == []
    assert len(set(checker.ids)) == len(checker.ids)
    assert all(source.startswith(("#", "data:")) for source in checker.sources)
    assert "url(" not in html and "@import" not in html
    assert "prefers-color-scheme: dark" in html
    assert len(html.encode()) < MAX_BYTES
    return checker.text


def _jpeg(side: int = 96) -> bytes:
    noise = np.random.default_rng(side).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((side, side)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


@pytest.fixture
def output_data(tmp_path: Path) -> Path:
    _records(tmp_path, records.PROFILE_EXAMPLE)
    return tmp_path


def _records(folder: Path, profile: dict[str, Any], **environment: Any) -> None:
    metrics, debug = [], []
    for epoch in range(1, 5):
        for name, value in (("train:loss", 2 / epoch), ("validation:loss", 2.2 / epoch), ("train:epoch", epoch)):
            metrics.append(records.row(10 * epoch, epoch, 0.0, name, value))
        for name, value in (("validation:accuracy", 0.2 * epoch), ("best:epoch", 3), ("best:validation-accuracy", 0.6)):
            metrics.append(records.row(10 * epoch, epoch, 0.0, name, value))
        for layer in ("conv1", "layer1", "<fc>"):
            debug.append(records.row(10 * epoch, epoch, 0.0, records.GRADIENT_NORM, 1 / epoch, layer))
    row = records.row(30, 3, 0.0, "overfitting", 1.5)
    debug.append(records.finding(row, records.WARNING, "train fewer epochs"))
    values = {"hyperparameters": {"model-name": "dogs", "epochs": 4, "num-workers": 2}, "num_cpus": 2, "device": "cpu"}
    (folder / records.METRICS_FILE).write_text("".join(json.dumps(row) + "\n" for row in metrics))
    (folder / records.DEBUG_FILE).write_text("".join(json.dumps(row) + "\n" for row in debug))
    (folder / records.PROFILE_FILE).write_text(json.dumps(profile))
    (folder / records.ENVIRONMENT_FILE).write_text(json.dumps({**values, "outcome": "completed", **environment}))


def test_training_report(output_data: Path) -> None:
    card = ModelCard("dogs", "resnet18", ("a", "b"), Preprocessing(), version="20261120T132415Z-1a2b3c4d")
    text = checked(render_training_report(output_data, card))
    assert "Training report: dogs" in text and "20261120T132415Z-1a2b3c4d" in text
    assert "60.0%" in text and "4 of 4" in text
    assert "Warning: overfitting" in text and "In epoch 3 at step 30. What to do: train fewer epochs." in text
    assert "Cross-entropy" in text and "Gradient norm" in text and "<fc>" in text


def test_training_report_of_a_job_that_failed_at_once(tmp_path: Path) -> None:
    assert "No epoch was finished" in checked(render_training_report(tmp_path))
    (tmp_path / records.ENVIRONMENT_FILE).write_text(json.dumps({"outcome": "failed", "reason": "DataError: <empty>"}))
    assert "Error: The job failed: DataError: <empty>" in checked(render_training_report(tmp_path))


def test_training_report_skips_a_line_that_was_cut_off(output_data: Path) -> None:
    with (output_data / records.METRICS_FILE).open("a") as file:
        file.write('{"step": 50, "ep')
    assert "4 epochs" in checked(render_training_report(output_data))


def _profile(**changes: Any) -> dict[str, Any]:
    return {**records.PROFILE_EXAMPLE, **changes}


def test_profiler_report_of_a_healthy_run(output_data: Path) -> None:
    text = checked(render_profiler_report(output_data))
    assert "Nothing holds this run up." in text and "Warning" not in text
    assert "60.7 ms" in text


def test_profiler_report_says_how_long_a_slow_loader_makes_the_network_wait(tmp_path: Path) -> None:
    waits = {"data-wait": 50.0, "forward": 20.0, "backward": 28.0, "optimizer": 2.0}
    _records(tmp_path, _profile(mean_ms=waits))
    text = checked(render_profiler_report(tmp_path))
    assert "Warning: The network waits 50.0 ms of every 100.0 ms step (50%) for images." in text
    assert "num-workers 2" in text and "Expected gain: up to 2.0 times faster epochs." in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phases": [{"name": "download", "seconds": 40.0}], "seconds": 100.0}, "Start-up takes 40 s, 40% of the job."),
        (
            {"mean_ms": {"data-wait": 0.0, "forward": 3.0, "backward": 3.0, "optimizer": 4.0}},
            "The optimizer takes 40% of every step.",
        ),
        (
            {"system": [{"seconds": float(i), "cpu_percent": 50.0, "memory_bytes": 10**9} for i in range(40)]},
            "The 2 cores are busy 25% of the time.",
        ),
        (
            {
                "system": [
                    {"seconds": 60.0 * i, "cpu_percent": 190.0, "memory_bytes": 10**9 * (1 + i / 50)} for i in range(60)
                ]
            },
            "Memory still grows in the second half of the run, by 14 MB a minute.",
        ),
        (
            {"p95_ms": {"data-wait": 1.0, "forward": 150.0, "backward": 100.0, "optimizer": 2.0}},
            "One step in twenty takes 253 ms or more, 4.2 times the mean.",
        ),
    ],
)
def test_profiler_findings(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    _records(tmp_path, _profile(**changes))
    assert f"Warning: {sentence}" in checked(render_profiler_report(tmp_path))


def test_profiler_report_of_a_killed_job(tmp_path: Path) -> None:
    assert "left no profile" in checked(render_profiler_report(tmp_path))


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
    mistakes = [Mistake(_jpeg(160), f"x/{i}.jpg", "Breed <0>", "Breed <1>", 0.9) for i in range(24)]
    bins = [Bin(0.5, 0.4, 10), Bin(0.9, 0.95, 90), Bin(0.0, 0.0, 0)]
    text = checked(render_evaluation_report(_evaluation(num, champion=True), mistakes, bins, "dogs"))
    assert "90.0%" in text and "+5.00%" in text
    assert f"Breed <{num - 1}>" in text
    assert "Breed <1> (90%), is Breed <0>" in text


def test_evaluation_report_without_champion_or_mistakes() -> None:
    text = checked(render_evaluation_report(_evaluation(2)))
    assert "Nothing is published yet" in text and "No images were kept." in text


class _Split:
    labels = ("cat", "dog")
    targets = (0, 0, 1, 1)

    def read(self, index: int) -> bytes:
        return _jpeg(200 + index)

    def name(self, index: int) -> str:
        return f"image{index}.jpg"


def test_reports_are_written_with_the_most_confident_mistakes_first(output_data: Path, tmp_path: Path) -> None:
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.95, 0.05], [0.2, 0.8]])
    folder = tmp_path / "reports"
    written = write.write_training_reports(folder, output_data)
    written.append(write.write_evaluation_report(folder, _evaluation(2), probabilities, _Split(), "pets"))
    assert [path.name for path in written] == [
        "training-report.html",
        "profiler-report.html",
        "cross-entropy.png",
        "accuracy.png",
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
        thumbnails={path: _jpeg() for paths in samples.values() for path in paths},
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
