"""Makes the servable candidate of a trained artifact: export, check, choose the precision, fit the temperature."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from imgcls.artifacts import archives, graph_file
from imgcls.artifacts.export import export_onnx
from imgcls.contract.artifact import GRAPH, GRAPH_INT8, WEIGHTS, ArtifactError, ModelCard
from imgcls.contract.plan_file import ModelSettings
from imgcls.data.folders import ImageFolder
from imgcls.evaluation import scores
from imgcls.images.preprocess import preprocess
from imgcls.networks import architectures, weights_file

MAX_ACCURACY_COST = 0.005
"""A reduced precision may cost at most half a point of accuracy on the validation split."""
_PARITY = 1e-4
_PARITY_IMAGES = 64
_CALIBRATION_IMAGES = 300

Predictor = Callable[[Path, ImageFolder], np.ndarray]
"""(folder of an artifact, images) -> probabilities (num, classes) by the served graph at the card's precision."""


def make_candidate(
    trained: Path, folder: Path, settings: ModelSettings, validation: ImageFolder, predict: Predictor
) -> tuple[ModelCard, list[str]]:
    """Write the servable artifact into `folder`. Returns its card, and notes on what was decided.

    Raises ArtifactError if the weights do not match the card, or if the exported graph computes something else than
    the network. Only the validation split is used: the test split is for the score.
    """
    card = archives.verify(trained)
    network = load_network(trained, card)
    folder.mkdir(parents=True)
    shutil.copy(trained / WEIGHTS, folder / WEIGHTS)
    export_onnx(network, card.preprocessing, folder / GRAPH)
    archives.copy_code(folder)
    card = replace(card, temperature=1.0, precision="fp32", response_format=settings.response_format)
    archives.write_artifact(folder, card)
    probabilities = predict(folder, validation)
    check_parity(network, card, validation, probabilities)
    targets = np.asarray(validation.targets)
    precision, notes = choose_precision(folder, card, settings.precision, validation, probabilities, predict)
    card = replace(card, precision=precision)
    if precision != "fp32":
        archives.write_artifact(folder, card)
        probabilities = predict(folder, validation)
    card = replace(card, temperature=scores.fit_temperature(probabilities, targets))
    return archives.write_artifact(folder, card), notes


def load_network(folder: Path, card: ModelCard) -> torch.nn.Module:
    """The trained network in evaluation mode. Raises ArtifactError if the weights do not fit the card's network."""
    network = architectures.build(card.architecture, len(card.labels))
    try:
        network.load_state_dict(weights_file.load(folder / WEIGHTS))
    except RuntimeError as error:
        raise ArtifactError(f"{WEIGHTS} does not fit {card.architecture} with {len(card.labels)} classes") from error
    return network.eval()


def check_parity(network: torch.nn.Module, card: ModelCard, split: ImageFolder, served: np.ndarray) -> None:
    """Raises ArtifactError if the served graph's probabilities differ from the network's by more than 1e-4."""
    num = min(_PARITY_IMAGES, len(split))
    pixels = np.stack([preprocess(split.read(index), card.preprocessing) for index in range(num)])
    spec = card.preprocessing
    mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    with torch.no_grad():
        logits = network((torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - mean) / std)
    difference = float(np.abs(logits.double().softmax(1).numpy() - served[:num]).max())
    if difference > _PARITY:
        raise ArtifactError(
            f"{GRAPH} does not compute what the trained network computes: probabilities differ by {difference:.2g}"
        )


def choose_precision(
    folder: Path, card: ModelCard, wanted: str, validation: ImageFolder, fp32: np.ndarray, predict: Predictor
) -> tuple[str, list[str]]:
    """The precision to publish: `wanted`, or fp32 and a note if `wanted` costs too much on the validation split."""
    if wanted == "fp32":
        return wanted, []
    if wanted == "int8":
        from imgcls.artifacts.quantization import quantize

        chosen = scores.spread(validation.targets, _CALIBRATION_IMAGES)
        pixels = [preprocess(validation.read(index), card.preprocessing) for index in chosen]
        quantize(folder / GRAPH, folder / GRAPH_INT8, pixels)
    archives.write_artifact(folder, replace(card, precision=wanted))
    reduced = predict(folder, validation)
    targets = np.asarray(validation.targets)
    before, after = scores.accuracy(fp32, targets), scores.accuracy(reduced, targets)
    if before - after > MAX_ACCURACY_COST:
        graph_file.remove(folder / GRAPH_INT8)
        return "fp32", [
            f"{wanted} costs {100 * (before - after):.1f} points of accuracy on the validation split: fp32 is published"
        ]
    return wanted, []
