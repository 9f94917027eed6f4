"""`evaluation.json`: how a candidate and the currently published model score on the same locked test split."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

FORMAT = 1
FILE = "evaluation.json"
GOLDEN_FOLDER = "golden/"
GOLDEN_FILE = "expected.json"
GOLDEN_IMAGES = 8
GOLDEN_MAX_BYTES = 4 * 1024 * 1024
"""Of one image: InvokeEndpoint takes 6 MB, and the server's own limit may be lower."""
GOLDEN_TOLERANCE = 0.02
"""Largest difference of a probability between evaluation and the endpoint's answer."""


@dataclass(frozen=True)
class ClassScore:
    num: int
    precision: float
    recall: float


@dataclass(frozen=True)
class Score:
    """One model on the test split. `confusion_matrix[i][j]`: images of class i that were called j."""

    num_images: int
    accuracy: float
    loss: float
    ece: float
    per_class: Mapping[str, ClassScore]
    confusion_matrix: tuple[tuple[int, ...], ...]
    latency_ms: float
    artifact_bytes: int
    precision: str
    agreement_with_fp32: float
    version: str

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Score:
        known = {f.name: value[f.name] for f in fields(Score)}
        known["per_class"] = {label: ClassScore(**score) for label, score in value["per_class"].items()}
        known["confusion_matrix"] = tuple(tuple(row) for row in value["confusion_matrix"])
        return Score(**known)


@dataclass(frozen=True)
class Evaluation(Score):
    """The candidate's score, and `champion`: the published model's, or `None` when it was not scored.

    `published_labels` says how the labels of what is published compare: `none` (nothing is published), `same`, `other`
    (which must not be replaced unasked), or `replaced` (other, and the run was asked to).
    """

    manifest_id: str = ""
    champion: Score | None = None
    published_labels: str = "none"
    format: int = FORMAT
    notes: tuple[str, ...] = field(default_factory=tuple)

    def to_dict(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Evaluation:
        """Raises ValueError for a format that this version cannot read."""
        if value.get("format") != FORMAT:
            raise ValueError(f"{FILE} has format {value.get('format')!r}; this version reads format {FORMAT}")
        champion = Score.from_dict(value["champion"]) if value.get("champion") else None
        score = Score.from_dict(value)
        return cls(
            **{f.name: getattr(score, f.name) for f in fields(Score)},
            manifest_id=value["manifest_id"],
            champion=champion,
            published_labels=value.get("published_labels", "same" if champion else "none"),
            notes=tuple(value.get("notes", ())),
        )


@dataclass(frozen=True)
class Golden:
    """One entry of `golden/expected.json`: what the endpoint must answer for `golden/<file>`.

    `label` is the model's top-1, which must be equal; `expected` is the image's class. `probabilities` are in
    class-index order, and each must be within GOLDEN_TOLERANCE.
    """

    file: str
    label: str
    expected: str
    probabilities: tuple[float, ...]


def write_golden(folder: Path, images: Iterable[Golden]) -> None:
    (folder / GOLDEN_FILE).write_text(json.dumps([asdict(image) for image in images], indent=1) + "\n")


def parse_golden(text: str) -> list[Golden]:
    return [Golden(**{**value, "probabilities": tuple(value["probabilities"])}) for value in json.loads(text)]


def write(path: Path, evaluation: Evaluation) -> None:
    path.write_text(json.dumps(evaluation.to_dict(), indent=1) + "\n")


def read(path: Path) -> Evaluation:
    return Evaluation.from_dict(json.loads(path.read_text()))
