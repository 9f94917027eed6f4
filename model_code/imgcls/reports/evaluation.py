"""`evaluation-report.html`: a model's correct and wrong predictions on the locked test split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imgcls.contract.evaluation import Evaluation, Score
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
from imgcls.reports.scales import Series, number

FILE = "evaluation-report.html"
_MAX_CONFUSIONS = 20


@dataclass(frozen=True)
class Mistake:
    """A misclassified test image. `image` is a small JPEG; `overlay` is the same with its Grad-CAM map."""

    image: bytes
    name: str
    truth: str
    predicted: str
    probability: float
    overlay: bytes = b""


@dataclass(frozen=True)
class Bin:
    """A bin of the reliability diagram: `num` images, their mean `confidence` and their `accuracy`."""

    confidence: float
    accuracy: float
    num: int


def render_evaluation_report(
    evaluation: Evaluation, mistakes: Sequence[Mistake] = (), bins: Sequence[Bin] = (), model: str = "model"
) -> str:
    """The page. `mistakes` are shown in the given order, which should be the most confident first."""
    sections = [
        Section("Summary", _summary(evaluation)),
        Section("Confusion matrix", _confusion(evaluation)),
        Section("Classes", _classes(evaluation)),
        Section("Calibration", _calibration(evaluation, bins)),
        Section("Worst mistakes", _mistakes(evaluation, mistakes)),
    ]
    subtitle = f"Version {evaluation.version}, {evaluation.num_images:,} test images"
    if evaluation.manifest_id:
        subtitle += f", manifest {evaluation.manifest_id}"
    return page(f"Evaluation report: {model}", subtitle, sections)


def _summary(evaluation: Evaluation) -> str:
    tiles = facts(
        {
            "accuracy": f"{evaluation.accuracy:.1%}",
            "cross-entropy": number(evaluation.loss),
            "calibration error": f"{evaluation.ece:.3f}",
            "latency": f"{evaluation.latency_ms:.1f} ms",
            "artifact": f"{evaluation.artifact_bytes / 1e6:.1f} MB",
            "precision": evaluation.precision,
            "agreement with fp32": f"{evaluation.agreement_with_fp32:.1%}",
        }
    )
    notes = "".join(notice("info", note) for note in evaluation.notes)
    if evaluation.champion is None:
        return (
            tiles + notes + paragraph("Nothing is published yet, so there is no champion to compare with.", soft=True)
        )
    return tiles + notes + "<br>" + _against(evaluation, evaluation.champion)


def _against(candidate: Score, champion: Score) -> str:
    fields = (
        ("accuracy", candidate.accuracy, champion.accuracy, "{:.2%}"),
        ("cross-entropy", candidate.loss, champion.loss, "{:.4f}"),
        ("calibration error", candidate.ece, champion.ece, "{:.4f}"),
        ("latency in ms", candidate.latency_ms, champion.latency_ms, "{:.2f}"),
        ("artifact in MB", candidate.artifact_bytes / 1e6, champion.artifact_bytes / 1e6, "{:.2f}"),
    )
    rows = [
        (name, form.format(new), form.format(old), form.replace("{:", "{:+").format(new - old))
        for name, new, old, form in fields
    ]
    rows.append(("version", candidate.version, champion.version, ""))
    return table("Against the published model, on the same images", ("", "Candidate", "Champion", "Change"), rows)


def _confusion(evaluation: Evaluation) -> str:
    labels = list(evaluation.per_class)
    matrix = evaluation.confusion_matrix
    wrong = sorted(
        ((n, labels[i], labels[j]) for i, row in enumerate(matrix) for j, n in enumerate(row) if n and i != j),
        key=lambda item: (-item[0], item[1:]),
    )
    text = "Rows are the true classes, columns the predicted ones; a good model has a dark diagonal."
    chart = charts.heatmap(matrix, labels, label="Confusion matrix", rows="true", columns="predicted")
    rows = [
        (truth, predicted, num, f"{num / max(evaluation.per_class[truth].num, 1):.0%}")
        for num, truth, predicted in wrong[:_MAX_CONFUSIONS]
    ]
    caption = f"The {len(rows)} most frequent confusions" if rows else "No image was misclassified"
    columns = ("True class", "Predicted", "Images", "Share of the class")
    return paragraph(text, soft=True) + chart + table(caption, columns, rows)


def _classes(evaluation: Evaluation) -> str:
    scores = sorted(evaluation.per_class.items(), key=lambda item: (item[1].recall, item[0]))
    rows = [
        (label, score.num, f"{score.precision:.1%}", f"{score.recall:.1%}", f"{_f1(score.precision, score.recall):.1%}")
        for label, score in scores
    ]
    listed = table("Lowest recall first", ("Class", "Images", "Precision", "Recall", "F1"), rows)
    recall = {"recall": [round(100 * score.recall, 1) for _, score in scores]}
    chart = charts.bar_columns([label for label, _ in scores], recall, label="Recall per class in percent", unit=" %")
    return (
        heading("Recall")
        + chart
        + (listed if len(rows) <= 20 else details("Precision, recall and F1 of every class", listed))
    )


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _calibration(evaluation: Evaluation, bins: Sequence[Bin]) -> str:
    text = (
        f"The expected calibration error is {evaluation.ece:.3f}: on average the predicted probability differs by "
        f"{100 * evaluation.ece:.1f} points from the share of correct predictions."
    )
    filled = [item for item in bins if item.num]
    if not filled:
        return paragraph(text)
    diagonal = Series("perfect", [0, 1], [0, 1])
    measured = Series("this model", [item.confidence for item in filled], [item.accuracy for item in filled])
    reliability = charts.lines(
        [measured, diagonal],
        label="Reliability",
        x_label="predicted probability",
        y_label="share correct",
        low=0,
        high=1,
    )
    counts = charts.bars(
        [f"{item.confidence:.0%}" for item in filled],
        {"images": [item.num for item in filled]},
        label="Images per predicted probability",
    )
    return paragraph(text) + side_by_side([reliability, "<h3>Images per predicted probability</h3>" + counts])


def _mistakes(evaluation: Evaluation, mistakes: Sequence[Mistake]) -> str:
    if not mistakes:
        right = evaluation.accuracy == 1
        return paragraph("The model made no mistake on the test split." if right else "No images were recorded.")
    figures = []
    for item in mistakes:
        caption = f"{item.predicted} ({item.probability:.0%}), is {item.truth}"
        figures.append(figure(item.image, f"{item.name}: {caption}", caption))
        if item.overlay:
            figures.append(figure(item.overlay, f"Saliency map of {item.name}", "saliency map"))
    return paragraph("The most confident wrong predictions.", soft=True) + grid(figures, wide=True)
