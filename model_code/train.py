"""Train an image classifier: in a SageMaker training job, or from a shell.

Reads class folders from --train and --validation, keeps the best epoch, and leaves the model artifact in --model-dir
and the records of the run in --output-data-dir, also when it fails.
"""

from __future__ import annotations

import os

# Before torch loads OpenMP: its threads spin while they wait, and where two jobs share the cores (trials side by side
# on a laptop) they spin away each other's time. Sleeping, two trainings on two cores were 10 times faster.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from imgcls.contract import disk_space, metrics
from imgcls.contract.artifact import ArtifactError
from imgcls.contract.hyperparameter import HyperparameterError
from imgcls.contract.training_settings import Network, TrainingSettings
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import DataError
from imgcls.debug.watch import TrainingDiverged
from imgcls.features import head_fit
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.profiling.start import process_started, seconds_before
from imgcls.runtime import devices, distributed
from imgcls.training.checkpoints import CheckpointError, Checkpoints
from imgcls.training.command_line import Paths, parse
from imgcls.training.data import TrainingData, open_data
from imgcls.training.fit import Best, fit
from imgcls.training.interruption import Interrupted
from imgcls.training.trained_model import write_artifact
from imgcls.training.trainer import Trainer

USER_ERRORS = (
    ArtifactError, CheckpointError, DataError, HyperparameterError, TrainingDiverged, architectures.NetworkError,
    devices.DeviceError, disk_space.DiskFull,
)  # fmt: skip


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    paths, passed = parse(arguments, environment, __doc__.split("\n")[0])
    try:
        with (
            disk_space.told(),
            distributed.joined(environment) as device,
            open_recorder(paths.output_data_dir) as recorder,
        ):
            train(paths, passed, environment, device, recorder)
    except Interrupted as error:
        return fail(error, environment, error.exit_code)
    except USER_ERRORS as error:
        return fail(error, environment)
    return 0


@contextmanager
def open_recorder(folder: Path) -> Iterator[Recorder]:
    """The records of the main process are kept; the other processes measure only their share of the work."""
    with tempfile.TemporaryDirectory() as scratch:
        distributed.silence_others()
        with Recorder(folder if distributed.is_main() else Path(scratch), started=process_started()) as recorder:
            yield recorder


def train(
    paths: Paths, passed: Mapping[str, Any], environment: Mapping[str, str], device: torch.device, recorder: Recorder
) -> None:
    record_start(environment, recorder)
    settings = TrainingSettings.from_hyperparameters(passed)
    recorder.environment(hyperparameters=settings.to_hyperparameters())
    recorder.profile(settings.records.profile)
    devices.check(device, compiled=settings.optimization.compile)
    devices.tune(device)
    on_features = head_fit.wanted(settings)
    torch.manual_seed(settings.optimization.seed)

    data = open_data(paths.train, paths.validation, settings)
    for line in data.notes:
        print(line)
    announce(data, settings.network.architecture, environment, device, recorder)
    with recorder.timed("network"):
        network = make_network(settings.network, len(data.labels), paths.weights)
        trainer = make_trainer(network, settings, data, device, recorder)

    checkpoints = open_checkpoints(paths, settings, data)
    if on_features:
        head = head_fit.HeadFit(
            trainer, network, settings, data, folder=paths.feature_dir, device=device, recorder=recorder
        )
        best, settings = head.run(paths.output_data_dir, checkpoints)
    else:
        epochs, patience = settings.optimization.epochs, settings.optimization.patience
        best = fit(trainer, data.train, data.validation, epochs, patience, recorder, checkpoints)
    # A tuning job takes the last value in the log, so the best epoch's is printed last.
    print(metrics.line({"validation:loss": best.result.loss, "validation:accuracy": best.result.accuracy}), flush=True)
    if distributed.is_main():
        with recorder.timed("artifact"):
            leave_artifact(best, settings, data.labels, paths.model_dir, environment, recorder.started)


def record_start(environment: Mapping[str, str], recorder: Recorder) -> None:
    """What happened before this program's first line."""
    if (waited := seconds_before(recorder.started, environment)) is not None:
        recorder.phase("launch", waited)
    recorder.phase("imports", time.time() - recorder.started)
    recorder.environment(torch=torch.__version__)


def announce(
    data: TrainingData, architecture: str, environment: Mapping[str, str], device: torch.device, recorder: Recorder
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
        f"training {architecture} on {len(data.train_split)} images of {len(data.labels)} classes "
        f"({len(data.validation_split)} to validate), batches of {data.train.batch_size}, on {device}",
        flush=True,
    )


def make_network(settings: Network, num_classes: int, weights: Path) -> torch.nn.Module:
    network = architectures.build(settings.architecture, num_classes)
    if settings.pretrained:
        architectures.load_pretrained(network, settings.architecture, weights)
    if settings.freeze_backbone:
        architectures.freeze_backbone(network)
    return network


def make_trainer(
    network: torch.nn.Module, settings: TrainingSettings, data: TrainingData, device: torch.device, recorder: Recorder
) -> Trainer:
    return Trainer(
        network, settings.data.preprocessing, settings.optimization, steps_per_epoch=len(data.train),
        batch_size=data.train.batch_size, device=device, recorder=recorder,
        jitter=AUGMENTATIONS[settings.data.augmentation].jitter, class_weights=data.class_weights,
        debug=settings.debug,
    )  # fmt: skip


def open_checkpoints(paths: Paths, settings: TrainingSettings, data: TrainingData) -> Checkpoints | None:
    """Where to resume from, for the same hyperparameters and data only; None when no folder is given."""
    if paths.checkpoint_dir is None:
        return None
    run = {"hyperparameters": settings.identity(), "labels": data.labels, "num_train": len(data.train_split)}
    return Checkpoints(
        paths.checkpoint_dir, run, every_seconds=paths.checkpoint_seconds, every_epochs=paths.checkpoint_epochs
    )


def leave_artifact(
    best: Best,
    settings: TrainingSettings,
    labels: tuple[str, ...],
    folder: Path,
    environment: Mapping[str, str],
    started: float,
) -> None:
    """The artifact of the best epoch. `started` is the `time.time()` at which the process began."""
    network = architectures.build(settings.network.architecture, len(labels))
    network.load_state_dict(best.weights)
    when = datetime.fromtimestamp(started, UTC)
    write_artifact(folder, network, settings, labels, best.result, environment, when)


def fail(error: Exception, environment: Mapping[str, str], exit_code: int = 1) -> int:
    # In a job AWS's toolkit copies into FailureReason what follows the name of a built-in exception on stderr.
    prefix = "RuntimeError" if environment.get("TRAINING_JOB_NAME") else "error"
    # The toolkit may be gone already, ended by the same signal.
    with suppress(BrokenPipeError):
        print(f"{prefix}: {error}", file=sys.stderr, flush=True)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
