"""`training-report.html`: how a training run went, what its rules found, and what it was made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from imgcls.contract import records as contract
from imgcls.contract.artifact import ModelCard
from imgcls.reports import charts, pictures
from imgcls.reports.page import (
    Section,
    details,
    facts,
    notice,
    page,
    paragraph,
    table,
)
from imgcls.reports.page import (
    charts as side_by_side,
)
from imgcls.reports.records import TrainingRecords
from imgcls.reports.scales import Series, number

FILE = "training-report.html"
_MAX_LAYERS = 24


def render_training_report(output_data: Path, card: ModelCard | None = None) -> str:
    """The page of the records in `output_data`. `card` is the artifact's, absent after a failure."""
    records = TrainingRecords.read(output_data)
    environment = records.environment
    name = card.name if card else environment.get("hyperparameters", {}).get("model-name", "model")
    sections = [
        Section("Summary", _summary(records, card)),
        Section("Findings", _findings(records.findings)),
        Section("Learning", _learning(records)),
    ]
    if records.debug:
        sections.append(Section("Layers", _layers(records)))
    sections += [
        Section("Epochs", _epochs(records)),
        Section("Hyperparameters", _hyperparameters(environment)),
        Section("Environment", _environment(environment, card)),
    ]
    version = f"Version {card.version}" if card else f"Outcome: {environment.get('outcome', 'unknown')}"
    return page(f"Training report: {name}", version, sections)


def training_pictures(output_data: Path) -> dict[str, bytes]:
    """File name -> PNG of the main plots."""
    records = TrainingRecords.read(output_data)
    losses = _renamed(records.metric(f"{split}:loss") for split in ("train", "validation"))
    accuracies = _renamed(records.metric(f"{split}:accuracy") for split in ("train", "validation"))
    return {
        "cross-entropy.png": pictures.lines(losses, title="Cross-entropy in nats", x_label="epoch", low=0.0),
        "accuracy.png": pictures.lines(accuracies, title="Accuracy", x_label="epoch", low=0.0),
    }


def _summary(records: TrainingRecords, card: ModelCard | None) -> str:
    environment, profile = records.environment, records.profile
    parts = environment.get("hyperparameters", {})
    epochs = records.last("train:epoch")
    tiles: dict[str, object] = {
        "architecture": card.architecture if card else parts.get("architecture", "-"),
        "best validation accuracy": _percent(records.last("best:validation-accuracy")),
        "best epoch": _whole(records.last("best:epoch")),
        "epochs": f"{_whole(epochs)} of {parts.get('epochs', '-')}",
        "last validation loss": _value(records.last("validation:loss")),
        "duration": _seconds(profile.get("seconds")),
        "device": environment.get("device", "-"),
        "training images": _whole(environment.get("num_train")),
    }
    failed = environment.get("outcome") == "failed"
    head = notice("error", f"The job failed: {environment.get('reason')}") if failed else ""
    if not records.metrics:
        head += notice("warning", "No epoch was finished, so there are no curves.")
    return head + facts(tiles)


def _findings(found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        return notice("good", "No rule fired.", "Losses, gradients and learning rate stayed where they should.")
    notices = [
        notice("error" if row["severity"] == contract.ERROR else "warning", row["name"], _advice(row)) for row in found
    ]
    rows = [(row["name"], row["severity"], row["step"], row["epoch"], _value(row["value"])) for row in found]
    return "".join(notices) + details(
        "When they fired", table("Findings", ("Rule", "Severity", "Step", "Epoch", "Value"), rows)
    )


def _advice(row: Mapping[str, Any]) -> str:
    return f"In epoch {row['epoch']} at step {row['step']}. What to do: {row['action']}."


def _learning(records: TrainingRecords) -> str:
    best = records.last("best:epoch")
    marks = {best: f"epoch {_whole(best)} is kept"} if best is not None else {}
    train, validation = records.metric("train:loss"), records.metric("validation:loss")
    accuracy = [records.metric("train:accuracy"), records.metric("validation:accuracy")]
    return side_by_side(
        [
            charts.lines(
                _renamed([train, validation]),
                label="Cross-entropy",
                x_label="epoch",
                y_label="nats",
                low=0.0,
                marks=marks,
            ),
            charts.lines(
                _renamed(accuracy), label="Accuracy", x_label="epoch", y_label="share", low=0.0, high=1.0, marks=marks
            ),
            charts.lines([records.metric("train:learning-rate")], label="Learning rate", x_label="epoch", low=0.0),
            charts.lines(
                [records.metric("train:images-per-second")],
                label="Training speed",
                x_label="epoch",
                y_label="images a second",
                low=0.0,
            ),
        ]
    ) + (paragraph(f"The dashed line marks epoch {_whole(best)}, which is kept.", soft=True) if marks else "")


def _renamed(series: Iterable[Series]) -> list[Series]:
    return [Series(item.name.split(":")[0], item.xs, item.ys) for item in series]


def _layers(records: TrainingRecords) -> str:
    shown = {
        "Gradient norm": contract.GRADIENT_NORM,
        "Update ratio": contract.UPDATE_RATIO,
        "Weight norm": contract.WEIGHT_NORM,
    }
    items, rows = [], []
    for title, name in shown.items():
        series = records.by_layer(name)
        if series:
            items.append(charts.lines(series[:_MAX_LAYERS], label=title, x_label="step", logarithmic=True))
    flow = records.by_layer(contract.GRADIENT_NORM)
    for layer in flow:
        values = [value for value in layer.ys if value is not None]
        if values:
            rows.append((layer.name, _value(values[0]), _value(min(values)), _value(max(values)), _value(values[-1])))
    text = (
        "The gradient norm of each layer group, in the network's order. Groups that stay far below the others learn "
        "little; an update ratio near 0.001 is usual, above 0.1 the steps are too large."
    )
    columns = ("Layer group", "First", "Smallest", "Largest", "Last")
    return (
        paragraph(text, soft=True) + side_by_side(items) + details("As a table", table("Gradient norms", columns, rows))
    )


def _epochs(records: TrainingRecords) -> str:
    names = list(dict.fromkeys(row["name"] for row in records.metrics))
    epochs: dict[int, dict[str, float | None]] = {}
    for row in records.metrics:
        epochs.setdefault(row["epoch"], {})[row["name"]] = row["value"]
    names = [name for name in names if name != "train:epoch"]
    rows = [(epoch, *(_value(values.get(name)) for name in names)) for epoch, values in epochs.items()]
    return details(f"{len(rows)} epochs", table("Metrics of every epoch", ("Epoch", *names), rows))


def _hyperparameters(environment: Mapping[str, Any]) -> str:
    values = environment.get("hyperparameters", {})
    return table("As the job received them", ("Hyperparameter", "Value"), ((k, _plain(v)) for k, v in values.items()))


def _environment(environment: Mapping[str, Any], card: ModelCard | None) -> str:
    left_out = {"hyperparameters", "labels", "outcome", "reason"}
    values = {name: value for name, value in environment.items() if name not in left_out}
    if card:
        values |= {"training_job": card.training_job, "manifest_id": card.manifest_id, "version": card.version}
    labels = environment.get("labels", [])
    shown = table("", ("Field", "Value"), ((name, _plain(value)) for name, value in values.items()))
    return shown + details(f"{len(labels)} classes", paragraph(", ".join(labels)))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _value(value: float | None) -> str:
    return "-" if value is None else number(value)


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{int(value):,}"


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{value:.1f} s"
