"""What a training leaves behind: the model artifact, and on a terminal how to try it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import torch

from imgcls.artifacts import archives, export, graph_file
from imgcls.contract.artifact import GRAPH, WEIGHTS, ModelCard
from imgcls.contract.hyperparameters import encode
from imgcls.contract.training_settings import TrainingSettings
from imgcls.networks import weights_file
from imgcls.training.results import ValidationResult


def write_artifact(
    folder: Path,
    network: torch.nn.Module,
    settings: TrainingSettings,
    labels: tuple[str, ...],
    validation: ValidationResult,
    environment: Mapping[str, str],
    started: datetime,
) -> None:
    """Leave the artifact in `folder`, including the served graph where ONNX is installed and no job evaluates it."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("model.*"):
        old.unlink()
    weights_file.save(network.state_dict(), folder / WEIGHTS)
    graph_file.remove(folder / GRAPH)
    job = environment.get("TRAINING_JOB_NAME", "")
    if not job and export.can_export():
        export.export_onnx(network, settings.data.preprocessing, folder / GRAPH)
    archives.copy_code(folder)
    card = ModelCard(
        name=settings.artifact.model_name,
        architecture=settings.network.architecture,
        labels=labels,
        preprocessing=settings.data.preprocessing,
        response_format=settings.artifact.serving.response_format,
        validation={"accuracy": validation.accuracy, "loss": validation.loss},
        hyperparameters=encode(settings.to_hyperparameters()),
        manifest_id=environment.get("KENNEL_MANIFEST_ID", ""),
        training_job=job,
        started=started.isoformat(timespec="seconds"),
    )
    card = archives.write_artifact(folder, card)
    print(f"best validation accuracy {validation.accuracy:.3f}; artifact {card.version} in {folder}")
    if (folder / GRAPH).is_file():
        print(f"try it: kennel predict --artifact {folder} IMAGE")
