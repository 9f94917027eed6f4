"""The reports of an evaluation: its own page with saliency maps, and those of the training where its records are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imgcls.artifacts import archives
from imgcls.contract.artifact import ModelCard
from imgcls.contract.evaluation import Evaluation
from imgcls.contract.records import OUTPUT_ARCHIVE
from imgcls.data.folders import ImageFolder
from imgcls.evaluation.candidate import load_network
from imgcls.evaluation.saliency import grad_cam
from imgcls.images.preprocess import preprocess
from imgcls.reports.pictures import overlay
from imgcls.reports.write import Explain, write_evaluation_report, write_training_reports


def write_reports(
    folder: Path, evaluated: Evaluation, predicted: np.ndarray, test: ImageFolder, trained: Path, card: ModelCard
) -> None:
    """The evaluation's page. `predicted` is (num, classes), `trained` the unpacked artifact of the training."""
    write_evaluation_report(folder, evaluated, predicted, test, card.name, _explainer(trained, card, test))


def write_reports_of_training(folder: Path, output_data: Path, scratch: Path, card: ModelCard) -> None:
    """The training's pages, from the archive of its records in `output_data`; none without that archive."""
    if (output_data / OUTPUT_ARCHIVE).is_file():
        archives.unpack(output_data / OUTPUT_ARCHIVE, scratch)
        write_training_reports(folder, scratch, card)


def _explainer(trained: Path, card: ModelCard, test: ImageFolder) -> Explain:
    network = load_network(trained, card)

    def explain(indices: Sequence[int], classes: Sequence[int]) -> list[bytes]:
        pixels = np.stack([preprocess(test.read(index), card.preprocessing) for index in indices])
        heat = grad_cam(network, pixels, card.preprocessing, classes)
        return [overlay(*pair) for pair in zip(pixels, heat, strict=True)]

    return explain
