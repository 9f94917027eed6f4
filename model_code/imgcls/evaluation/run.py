"""One evaluation from its inputs to everything it writes: the servable archive, scores, golden images, reports."""

from __future__ import annotations

from pathlib import Path

from imgcls.artifacts import archives
from imgcls.contract import evaluation as contract
from imgcls.contract.artifact import ARCHIVE
from imgcls.contract.prepared import REPORTS
from imgcls.evaluation.candidate import make_candidate
from imgcls.evaluation.champion import score_champion
from imgcls.evaluation.golden_images import write_golden
from imgcls.evaluation.inputs import Folders, open_inputs
from imgcls.evaluation.reports import write_reports, write_reports_of_training
from imgcls.evaluation.served_graph import Scorer
from imgcls.serving.functions import Functions


def evaluate(folders: Folders, model: str, scratch: Path, functions: Functions) -> contract.Evaluation:
    """Make the candidate, score it and the published model on the test split, and write it all into `folders.output`.

    `scratch` is an empty folder for what is unpacked on the way. Raises EvaluationError, ArtifactError, DataError,
    HyperparameterError or NetworkError before anything is published.
    """
    inputs, scorer, output = open_inputs(folders, model, scratch / "trained"), Scorer(functions), folders.output
    candidate = scratch / "candidate"
    card, notes = make_candidate(inputs.trained, candidate, inputs.settings, inputs.validation, scorer.probabilities)
    output.mkdir(parents=True, exist_ok=True)
    archives.pack(candidate, output / ARCHIVE)
    predicted, score = scorer.score(candidate, output / ARCHIVE, inputs.test)
    champion = score_champion(
        scorer, folders.champion, scratch / "champion", card, inputs.test,
        replace_labels=inputs.settings.replace_labels,
    )  # fmt: skip
    evaluated = contract.Evaluation(
        **vars(score), manifest_id=card.manifest_id, champion=champion.score, published_labels=champion.labels,
        notes=(*notes, *champion.notes),
    )  # fmt: skip
    contract.write(output / contract.FILE, evaluated)
    write_golden(output / "golden", inputs.test, predicted, card)
    write_reports(output / REPORTS, evaluated, predicted, inputs.test, inputs.trained, card)
    write_reports_of_training(output / REPORTS, folders.output_data, scratch / "output-data", card)
    return evaluated
