"""`training-report.html`: the course of a training run, the findings of its rules, its settings and environment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from imgcls.contract import records as contract
from imgcls.contract.artifact import ModelCard
from imgcls.contract.rules import RULES
from imgcls.reports import charts, layers, pictures
from imgcls.reports.page import Section, details, facts, notice, page, paragraph, side_by_side, table
from imgcls.reports.records import TrainingRecords
from imgcls.reports.scales import Series, number
from imgcls.reports.trials import render_trials

FILE = "training-report.html"
_MAX_MARKS = 6
_SHOWN_APART = {"hyperparameters", "labels", "outcome", "reason", "manifest_id", "num_train", "num_validation"}


def render_training_report(output_data: Path, card: ModelCard | None = None) -> str:
    """The page for the records in `output_data`. `card` is the artifact's; None after a failure."""
    records = TrainingRecords.read(output_data)
    environment = records.environment
    name = card.name if card else environment.get("hyperparameters", {}).get("model-name", "model")
    sections = [
        Section("Summary", _summary(records, card)),
        Section("Findings", _findings(records)),
        Section("Learning", _learning(records)),
    ]
    optional = {"Gradient flow": layers.gradient_flow(records), "Activations": layers.activations(records)}
    if records.trials:
        optional["Trials"] = render_trials(records.trials)
    sections += [Section(title, body) for title, body in optional.items() if body]
    sections += [
        Section("Data", _data(records, card)),
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
    drawn = {
        "cross-entropy.png": pictures.lines(losses, title="Cross-entropy in nats", x_label="epoch", low=0.0),
        "accuracy.png": pictures.lines(accuracies, title="Accuracy", x_label="epoch", low=0.0),
    }
    if parts := records.profile.get("mean_ms"):
        taken = {name: value for name, value in parts.items() if value}
        drawn["step-time.png"] = pictures.bars(taken, title="Mean training step", unit="ms")
    return drawn


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


def _findings(records: TrainingRecords) -> str:
    found = records.findings
    if not found:
        complete = "Losses, gradients and activations stayed within their limits."
        text = complete if records.debug else "The losses stayed within their limits; this run did not sample tensors."
        return notice("good", "No rule fired.", text) + _rules(())
    notices = [
        notice("error" if row["severity"] == contract.ERROR else "warning", row["name"], _advice(row)) for row in found
    ]
    return "".join(notices) + _rules(found)


def _rules(found: Sequence[Mapping[str, Any]]) -> str:
    """Every rule and when it fired; the rules that fired come first."""
    fired = {row["name"]: row for row in found}
    rows = [
        (rule.name, *_moment(fired.get(rule.name)), rule.help.replace("`", ""))
        for rule in sorted(RULES, key=lambda rule: rule.name not in fired)
    ]
    return details("All rules", table("The rules of this run", ("Rule", "Epoch", "Step", "Value", "Meaning"), rows))


def _moment(row: Mapping[str, Any] | None) -> tuple[object, object, str]:
    return (row["epoch"], row["step"], _value(row["value"])) if row else ("-", "-", "-")


def _advice(row: Mapping[str, Any]) -> str:
    where = f" in {row['layer']}" if row.get("layer") else ""
    return f"In epoch {row['epoch']} at step {row['step']}{where}. What to do: {row['action']}."


def _learning(records: TrainingRecords) -> str:
    """Curves over epochs, and the loss of the sampled steps: the only curve of a run that ended in its first epoch."""
    marks, splits = _marks(records), ("train", "validation")
    losses = _renamed(records.metric(f"{split}:loss") for split in splits)
    accuracies = _renamed(records.metric(f"{split}:accuracy") for split in splits)
    sampled = [series for series in records.by_layer(contract.LOSS) if len(series.xs) > 1]
    drawn = [
        _curves(losses, "Cross-entropy", "nats", low=0.0, marks=marks),
        _curves(accuracies, "Accuracy", "share", low=0.0, high=1.0, marks=marks),
        _curves([records.metric("train:learning-rate")], "Learning rate", low=0.0),
        _curves([records.metric("train:images-per-second")], "Training speed", "images per second", low=0.0),
        _curves(sampled, "Loss of sampled steps", "nats", x_label="step"),
    ]
    shown = [chart for chart in drawn if chart]
    return side_by_side(shown) if shown else paragraph("The run ended before it recorded a curve.")


def _curves(series: Sequence[Series], label: str, unit: str = "", *, x_label: str = "epoch", **more: Any) -> str:
    """Empty if nothing was measured. If only one of several lines was, its name is in the title instead of a legend."""
    measured = [item for item in series if item.xs]
    if not measured:
        return ""
    if len(measured) < len(series):
        label = f"{label}: {measured[0].name}"
    return charts.lines(measured, label=label, x_label=x_label, y_label=unit, **more)


def _marks(records: TrainingRecords) -> dict[float, str]:
    """Epoch -> the findings there. Only the first findings: more of them would cover the curves."""
    marks: dict[float, list[str]] = {}
    for row in records.findings[:_MAX_MARKS]:
        marks.setdefault(row["epoch"], []).append(row["name"])
    best = records.last("best:epoch")
    if best is not None:
        marks.setdefault(best, []).insert(0, "kept")
    return {epoch: ", ".join(names) for epoch, names in marks.items()}


def _renamed(series: Iterable[Series]) -> list[Series]:
    return [Series(item.name.split(":")[0], item.xs, item.ys) for item in series]


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


def _data(records: TrainingRecords, card: ModelCard | None) -> str:
    environment = records.environment
    labels = environment.get("labels", [])
    manifest = environment.get("manifest_id") or (card.manifest_id if card else "")
    tiles = facts(
        {
            "manifest": manifest or "none: class folders without the Prepare step",
            "training images": _whole(environment.get("num_train")),
            "validation images": _whole(environment.get("num_validation")),
            "classes": len(labels) or "-",
        }
    )
    counts = {item.name: item.ys[-1] or 0.0 for item in records.by_layer(contract.LABEL_COUNT)}
    if not counts:
        return tiles + details(f"{len(labels)} classes", paragraph(", ".join(labels)))
    seen = [counts.get(str(index), 0.0) for index in range(len(labels))]
    chart = charts.bar_columns(labels, {"images": seen}, label="Images of each class in the sampled batches")
    return tiles + details("Images of each class in the sampled batches", chart, is_open=len(labels) <= 20)


def _environment(environment: Mapping[str, Any], card: ModelCard | None) -> str:
    values = {name: value for name, value in environment.items() if name not in _SHOWN_APART}
    if card:
        values |= {"training_job": card.training_job, "version": card.version}
    return table("", ("Field", "Value"), ((name, _plain(value)) for name, value in values.items()))


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
