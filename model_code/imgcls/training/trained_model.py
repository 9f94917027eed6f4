"""What a training leaves behind: the model artifact, and on a terminal how to try it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from imgcls.artifacts import archives, export, graph_file
from imgcls.contract.artifact import GRAPH, WEIGHTS, ModelCard, Preprocessing
from imgcls.contract.hyperparameters import HYPERPARAMETERS
from imgcls.networks import weights_file
from imgcls.training.trainer import ValidationResult


def write_artifact(
    folder: Path,
    network: torch.nn.Module,
    values: Mapping[str, Any],
    spec: Preprocessing,
    labels: tuple[str, ...],
    validation: ValidationResult,
    environment: Mapping[str, str],
    started: datetime,
) -> None:
    """Leave the artifact in `folder`; with the served graph too where ONNX is installed and no job evaluates it."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("model.*"):
        old.unlink()
    weights_file.save(network.state_dict(), folder / WEIGHTS)
    graph_file.remove(folder / GRAPH)
    job = environment.get("TRAINING_JOB_NAME", "")
    if not job and export.can_export():
        export.export_onnx(network, spec, folder / GRAPH)
    archives.copy_code(folder)
    serving = {"response_format": values["serving"].get("response_format", "full")}
    card = ModelCard(
        name=values["model-name"],
        architecture=values["architecture"],
        labels=labels,
        preprocessing=spec,
        validation={"accuracy": validation.accuracy, "loss": validation.loss},
        hyperparameters={item.name: item.format(values[item.name]) for item in HYPERPARAMETERS},
        manifest_id=environment.get("KENNEL_MANIFEST_ID", ""),
        training_job=job,
        started=started.isoformat(timespec="seconds"),
        **serving,
    )
    card = archives.write_artifact(folder, card)
    print(f"best validation accuracy {validation.accuracy:.3f}; artifact {card.version} in {folder}")
    if (folder / GRAPH).is_file():
        print(f"try it: kennel predict --artifact {folder} IMAGE")
