"""Turns externally trained weights into the artifact that a training job would produce."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from imgcls.artifacts import archives
from imgcls.contract.artifact import WEIGHTS, ModelCard, Preprocessing
from imgcls.networks import architectures, weights_file
from imgcls.networks.architectures import NetworkError

JOB = "imported"
"""In the card, in the place of a training job's name."""


def write(
    folder: Path,
    weights: Path,
    *,
    name: str,
    architecture: str,
    labels: Sequence[str],
    classes: Sequence[str],
    preprocessing: Preprocessing,
) -> ModelCard:
    """Write the artifact of the network in `weights` into `folder`.

    `labels` are in the order of the network's outputs, `classes` are the same labels in the order of the data set, to
    which the last layer is reordered. Raises NetworkError for weights or labels that do not fit.
    """
    check_labels(labels, classes)
    network = architectures.build(architecture, len(labels))
    architectures.load_trained(network, architecture, architectures.read_weights(weights))
    linear = architectures.head(network)[1]
    order = [labels.index(label) for label in classes]
    with torch.no_grad():
        linear.weight.copy_(linear.weight[order])
        linear.bias.copy_(linear.bias[order])
    folder.mkdir(parents=True, exist_ok=True)
    weights_file.save(network.state_dict(), folder / WEIGHTS)
    archives.copy_code(folder)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    card = ModelCard(name, architecture, tuple(classes), preprocessing, training_job=JOB, started=started)
    return archives.write_artifact(folder, card)


def check_labels(labels: Sequence[str], classes: Sequence[str]) -> None:
    """Raises NetworkError naming a label that is listed twice, or that only one of the two contains."""
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise NetworkError(f"the labels contain {twice[0]!r} twice: each class needs a label of its own")
    for here, there, who in ((classes, labels, "the labels lack"), (labels, classes, "the data set lacks")):
        missing = sorted(set(here) - set(there))
        if missing:
            raise NetworkError(
                f"{who} {missing[0]!r} ({len(missing)} of {len(here)} are missing): give the labels of the data set's "
                "classes, in the order in which the network was trained"
            )
