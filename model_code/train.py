"""Train an image classifier: in a SageMaker training job, or from a shell.

Reads class folders from --train and --validation, keeps the best epoch, and leaves the model artifact in --model-dir
and the records of the run in --output-data-dir, also when it fails.
"""

from __future__ import annotations

import os

# Before torch loads OpenMP: its threads spin while they wait, and where two jobs share the cores (trials side by side
# on a laptop) they spin away each other's time. Sleeping, two trainings on two cores were 10 times faster.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from imgcls import artifact, devices, distributed, export, graph_file, networks, weights_file
from imgcls.arguments import parse
from imgcls.augment import AUGMENTATIONS
from imgcls.checkpoints import CheckpointError, Checkpoints
from imgcls.class_balance import loss_weights, sampling_weights
from imgcls.contract import metrics
from imgcls.contract.artifact import GRAPH, WEIGHTS, ArtifactError, ModelCard, Preprocessing
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.hyperparameters import HYPERPARAMETERS, HyperparameterError, decode
from imgcls.data.folders import DataError, check_same_classes, open_dataset
from imgcls.data.loader import Dataset, Loader
from imgcls.data.shards import open_split
from imgcls.debug.watch import TrainingDiverged
from imgcls.engine import Trainer, ValidationResult
from imgcls.features import head_fit
from imgcls.fitting import fit
from imgcls.interruption import Interrupted
from imgcls.profiling.settings import ProfileSettings
from imgcls.profiling.start import process_started, seconds_before
from imgcls.recipe import Recipe
from imgcls.recording import Recorder

USER_ERRORS = (
    ArtifactError, CheckpointError, DataError, HyperparameterError, networks.NetworkError, TrainingDiverged,
)  # fmt: skip
UNDECISIVE = ("num-workers", "patience", "test-batch-size", "debug", "profile", "serving")
"""Hyperparameters that may change when an interrupted training goes on: the weights do not depend on them."""


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    paths, passed = parse(arguments, environment, __doc__.split("\n")[0])
    try:
        with distributed.joined(environment) as device, open_recorder(paths.output_data_dir) as recorder:
            train(paths, passed, environment, device, recorder)
    except Interrupted as error:
        return fail(error, environment, error.exit_code)
    except USER_ERRORS as error:
        return fail(error, environment)
    return 0


@contextmanager
def open_recorder(folder: Path) -> Iterator[Recorder]:
    """The records of the main process stay; what the others measure of their share is nobody's result."""
    with tempfile.TemporaryDirectory() as scratch:
        distributed.silence_others()
        with Recorder(folder if distributed.is_main() else Path(scratch), started=process_started()) as recorder:
            yield recorder


def train(
    paths: argparse.Namespace,
    passed: dict[str, str],
    environment: Mapping[str, str],
    device: torch.device,
    recorder: Recorder,
) -> None:
    if (waited := seconds_before(recorder.started, environment)) is not None:
        recorder.phase("launch", waited)
    recorder.phase("imports", time.time() - recorder.started)
    values: dict[str, Any] = {item.name: item.default for item in HYPERPARAMETERS} | decode(passed)
    recorder.environment(torch=torch.__version__, hyperparameters=values)
    recorder.profile(ProfileSettings.from_dict(values["profile"]))
    debug = DebugSettings.from_hyperparameters(values)
    spec = Preprocessing.from_dict(values["preprocessing"])
    devices.check(device, compiled=values["compile"])
    devices.tune(device)
    on_features = head_fit.wanted(values)
    torch.manual_seed(values["seed"])

    data = open_data(paths, values, spec)
    recorder.batch_size = data.train.batch_size
    recorder.environment(
        device=str(device),
        labels=data.labels,
        num_train=data.num_train,
        num_validation=data.num_validation,
        manifest_id=environment.get("KENNEL_MANIFEST_ID", ""),
    )
    print(
        f"training {values['architecture']} on {data.num_train} images of {len(data.labels)} classes "
        f"({data.num_validation} to validate), batches of {data.train.batch_size}, on {device}",
        flush=True,
    )

    with recorder.timed("network"):
        network = make_network(values, len(data.labels), paths.weights)
        recipe = Recipe.from_hyperparameters(values, AUGMENTATIONS[values["augmentation"]].jitter)
        trainer = Trainer(
            network, spec, recipe, steps_per_epoch=len(data.train), batch_size=data.train.batch_size,
            device=device, recorder=recorder, class_weights=data.class_weights,
            debug=debug,
        )  # fmt: skip

    checkpoints = open_checkpoints(paths, values, data)
    if on_features:
        best, chosen = head_fit.HeadFit(
            trainer, network, spec, values, data.train_split, data.validation_split,
            folder=paths.feature_dir, device=device, recorder=recorder,
        ).run(data.validation, paths.output_data_dir, debug, checkpoints)  # fmt: skip
        values |= chosen
    else:
        best = fit(trainer, data.train, data.validation, recipe.epochs, values["patience"], recorder, checkpoints)
    # A tuning job takes the last value that it finds: let that be the epoch that is kept.
    print(metrics.line({"validation:loss": best.result.loss, "validation:accuracy": best.result.accuracy}), flush=True)

    if not distributed.is_main():
        return
    network = networks.build(values["architecture"], len(data.labels))
    network.load_state_dict(best.weights)
    with recorder.timed("artifact"):
        started = datetime.fromtimestamp(recorder.started, UTC)
        write_artifact(paths.model_dir, network, values, spec, data.labels, best.result, environment, started)


@dataclass(frozen=True)
class Data:
    train_split: Dataset
    validation_split: Dataset
    train: Loader
    validation: Loader
    labels: tuple[str, ...]
    num_train: int
    num_validation: int
    class_weights: np.ndarray | None


def open_data(paths: argparse.Namespace, values: Mapping[str, Any], spec: Preprocessing) -> Data:
    """Both splits, which must have the same classes. Raises DataError."""
    train_split = open_split(paths.train, values["labels"])
    validation_split = open_dataset(paths.validation, values["labels"])
    check_same_classes(train_split, validation_split, "validation")
    check_batch_size(values, min(values["batch-size"], len(train_split)))
    place = {"rank": distributed.rank(), "world_size": distributed.world_size(), "num_workers": values["num-workers"]}
    targets, num_classes, weighting = train_split.targets, len(train_split.labels), values["class-weighting"]
    return Data(
        train_split,
        validation_split,
        Loader(
            train_split, spec, values["batch-size"],
            augmentation=AUGMENTATIONS[values["augmentation"]], seed=values["seed"],
            sampling_weights=sampling_weights(targets, num_classes) if weighting == "sampler" else None, **place,
        ),
        Loader(validation_split, spec, max(values["test-batch-size"], distributed.world_size()), **place),
        train_split.labels,
        len(train_split),
        len(validation_split),
        loss_weights(targets, num_classes) if weighting == "loss" else None,
    )  # fmt: skip


def check_batch_size(values: Mapping[str, Any], batch_size: int) -> None:
    """Raises HyperparameterError where a network would see one image at a time."""
    parts = distributed.world_size() * values["accumulation-steps"]
    if batch_size < 2 * parts:
        share = f" in {parts} parts (processes times accumulation-steps)" if parts > 1 else ""
        raise HyperparameterError(
            f"batch-size {batch_size}{share} gives batch normalisation nothing to average: use at least {2 * parts}"
        )


def open_checkpoints(paths: argparse.Namespace, values: Mapping[str, Any], data: Data) -> Checkpoints | None:
    """Where to resume from, for the same hyperparameters and data only; None when no folder is given."""
    if paths.checkpoint_dir is None:
        return None
    decisive = {name: value for name, value in values.items() if name not in UNDECISIVE}
    run = {"hyperparameters": decisive, "labels": data.labels, "num_train": data.num_train}
    return Checkpoints(
        paths.checkpoint_dir, run, every_seconds=paths.checkpoint_seconds, every_epochs=paths.checkpoint_epochs
    )


def make_network(values: Mapping[str, Any], num_classes: int, weights: Path) -> torch.nn.Module:
    network = networks.build(values["architecture"], num_classes)
    if values["pretrained"]:
        networks.load_pretrained(network, values["architecture"], weights)
    if values["freeze-backbone"]:
        networks.freeze_backbone(network)
    return network


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
    artifact.copy_code(folder)
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
    card = artifact.write_artifact(folder, card)
    print(f"best validation accuracy {validation.accuracy:.3f}; artifact {card.version} in {folder}")
    if (folder / GRAPH).is_file():
        print(f"try it: kennel predict --artifact {folder} IMAGE")


def fail(error: Exception, environment: Mapping[str, str], exit_code: int = 1) -> int:
    # In a job AWS's toolkit copies into FailureReason what follows the name of a built-in exception on stderr.
    prefix = "RuntimeError" if environment.get("TRAINING_JOB_NAME") else "error"
    print(f"{prefix}: {error}", file=sys.stderr, flush=True)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
