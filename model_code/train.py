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
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from imgcls.contract import metrics
from imgcls.contract.artifact import ArtifactError, Preprocessing
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.hyperparameters import HYPERPARAMETERS, HyperparameterError, decode
from imgcls.contract.profiling import ProfileSettings
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import DataError
from imgcls.debug.watch import TrainingDiverged
from imgcls.features import head_fit
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.profiling.start import process_started, seconds_before
from imgcls.runtime import devices, distributed
from imgcls.training.checkpoints import CheckpointError, Checkpoints
from imgcls.training.command_line import parse
from imgcls.training.data import TrainingData, open_data
from imgcls.training.fit import fit
from imgcls.training.interruption import Interrupted
from imgcls.training.recipe import Recipe
from imgcls.training.trained_model import write_artifact
from imgcls.training.trainer import Trainer

USER_ERRORS = (
    ArtifactError, CheckpointError, DataError, HyperparameterError, architectures.NetworkError, TrainingDiverged,
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
    announce(data, values, environment, device, recorder)
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
    network = architectures.build(values["architecture"], len(data.labels))
    network.load_state_dict(best.weights)
    with recorder.timed("artifact"):
        started = datetime.fromtimestamp(recorder.started, UTC)
        write_artifact(paths.model_dir, network, values, spec, data.labels, best.result, environment, started)


def announce(
    data: TrainingData,
    values: Mapping[str, Any],
    environment: Mapping[str, str],
    device: torch.device,
    recorder: Recorder,
) -> None:
    """What is trained on what, for the records and for the log."""
    recorder.batch_size = data.train.batch_size
    recorder.environment(
        device=str(device),
        labels=data.labels,
        num_train=len(data.train_split),
        num_validation=len(data.validation_split),
        manifest_id=environment.get("KENNEL_MANIFEST_ID", ""),
    )
    print(
        f"training {values['architecture']} on {len(data.train_split)} images of {len(data.labels)} classes "
        f"({len(data.validation_split)} to validate), batches of {data.train.batch_size}, on {device}",
        flush=True,
    )


def open_checkpoints(paths: argparse.Namespace, values: Mapping[str, Any], data: TrainingData) -> Checkpoints | None:
    """Where to resume from, for the same hyperparameters and data only; None when no folder is given."""
    if paths.checkpoint_dir is None:
        return None
    decisive = {name: value for name, value in values.items() if name not in UNDECISIVE}
    run = {"hyperparameters": decisive, "labels": data.labels, "num_train": len(data.train_split)}
    return Checkpoints(
        paths.checkpoint_dir, run, every_seconds=paths.checkpoint_seconds, every_epochs=paths.checkpoint_epochs
    )


def make_network(values: Mapping[str, Any], num_classes: int, weights: Path) -> torch.nn.Module:
    network = architectures.build(values["architecture"], num_classes)
    if values["pretrained"]:
        architectures.load_pretrained(network, values["architecture"], weights)
    if values["freeze-backbone"]:
        architectures.freeze_backbone(network)
    return network


def fail(error: Exception, environment: Mapping[str, str], exit_code: int = 1) -> int:
    # In a job AWS's toolkit copies into FailureReason what follows the name of a built-in exception on stderr.
    prefix = "RuntimeError" if environment.get("TRAINING_JOB_NAME") else "error"
    # The toolkit may be gone already, ended by the same signal.
    with suppress(BrokenPipeError):
        print(f"{prefix}: {error}", file=sys.stderr, flush=True)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
