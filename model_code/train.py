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
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from imgcls import artifact, export, graph_file, networks, rules, weights_file
from imgcls.augment import AUGMENTATIONS
from imgcls.contract import metrics
from imgcls.contract.artifact import GRAPH, WEIGHTS, ArtifactError, ModelCard, Preprocessing
from imgcls.contract.hyperparameters import HYPERPARAMETERS, HyperparameterError, decode
from imgcls.data.folders import DataError, check_same_classes, open_dataset
from imgcls.data.loader import Loader
from imgcls.data.shards import open_split
from imgcls.engine import Recipe, Trainer, TrainingDiverged, ValidationResult
from imgcls.progress import track
from imgcls.recording import Recorder, process_started

USER_ERRORS = (ArtifactError, DataError, HyperparameterError, networks.NetworkError, TrainingDiverged)


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    paths, passed = parse(arguments, environment)
    try:
        with Recorder(paths.output_data_dir, started=process_started()) as recorder:
            train(paths, passed, environment, recorder)
    except USER_ERRORS as error:
        return fail(error, environment)
    return 0


def train(
    paths: argparse.Namespace, passed: dict[str, str], environment: Mapping[str, str], recorder: Recorder
) -> None:
    recorder.phase("imports", time.time() - recorder.started)
    values: dict[str, Any] = {item.name: item.default for item in HYPERPARAMETERS} | decode(passed)
    recorder.environment(torch=torch.__version__, hyperparameters=values)
    spec = Preprocessing.from_dict(values["preprocessing"])
    seed_everything(values["seed"])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    # Data.
    train_split = open_split(paths.train, values["labels"])
    validation_split = open_dataset(paths.validation, values["labels"])
    check_same_classes(train_split, validation_split, "validation")
    augmentation = AUGMENTATIONS[values["augmentation"]]
    shared = {"num_workers": values["num-workers"]}
    train_loader = Loader(
        train_split, spec, values["batch-size"], augmentation=augmentation, seed=values["seed"], **shared
    )
    validation_loader = Loader(validation_split, spec, values["test-batch-size"], **shared)
    recorder.batch_size = train_loader.batch_size
    recorder.environment(
        device=str(device),
        labels=train_split.labels,
        num_train=len(train_split),
        num_validation=len(validation_split),
        manifest_id=environment.get("KENNEL_MANIFEST_ID", ""),
    )
    print(
        f"training {values['architecture']} on {len(train_split)} images of {len(train_split.labels)} classes "
        f"({len(validation_split)} to validate), batches of {train_loader.batch_size}, on {device}",
        flush=True,
    )

    # Network.
    with recorder.timed("network"):
        network = networks.build(values["architecture"], len(train_split.labels))
        if values["pretrained"]:
            networks.load_pretrained(network, values["architecture"], paths.weights)
        if values["freeze-backbone"]:
            networks.freeze_backbone(network)
        recipe = Recipe.from_hyperparameters(values, augmentation.jitter)
        trainer = Trainer(network, spec, recipe, steps_per_epoch=len(train_loader), device=device, recorder=recorder)

    # Epochs: keep the best, stop when it does not get better.
    best: ValidationResult | None = None
    best_epoch, best_weights, history = 0, {}, []
    for epoch in range(1, recipe.epochs + 1):
        batches = track(train_loader.epoch(epoch), total=len(train_loader), description=f"epoch {epoch}")
        with recorder.timed(f"epoch-{epoch}"):
            trained = trainer.train_epoch(batches, epoch)
        trainer.refresh_statistics()
        with recorder.timed(f"validation-{epoch}"):
            validated = trainer.validate(validation_loader.epoch(epoch))
        if best is None or validated.better_than(best):
            best, best_epoch = validated, epoch
            best_weights = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
        reported = {
            "train:epoch": epoch,
            "train:loss": trained.loss,
            "train:accuracy": trained.accuracy,
            "validation:loss": validated.loss,
            "validation:accuracy": validated.accuracy,
            "train:learning-rate": trained.learning_rate,
            "train:images-per-second": trained.images_per_second,
            "train:data-wait-ratio": trained.data_wait_ratio,
            "best:epoch": best_epoch,
            "best:validation-accuracy": best.accuracy,
        }
        recorder.metrics(reported, step=trainer.step, epoch=epoch)
        print(metrics.line(reported), flush=True)
        history.append(rules.EpochLosses(trained.loss, validated.loss))
        trainer.report(rules.losses(history), epoch)
        if values["patience"] and epoch - best_epoch >= values["patience"]:
            print(f"no improvement since epoch {best_epoch}: stopping", flush=True)
            break

    # A tuning job takes the last value that it finds: let that be the epoch that is kept.
    assert best is not None, "epochs is at least 1"
    print(metrics.line({"validation:loss": best.loss, "validation:accuracy": best.accuracy}), flush=True)

    # Artifact.
    network.load_state_dict(best_weights)
    with recorder.timed("artifact"):
        started = datetime.fromtimestamp(recorder.started, UTC)
        write_artifact(paths.model_dir, network, values, spec, train_split.labels, best, environment, started)


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


def parse(arguments: Sequence[str] | None, environment: Mapping[str, str]) -> tuple[argparse.Namespace, dict[str, str]]:
    """The paths, and the hyperparameters that were passed. An unknown argument is an error."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    for name, variable in (("train", "SM_CHANNEL_TRAIN"), ("validation", "SM_CHANNEL_VALIDATION")):
        default = environment.get(variable)
        parser.add_argument(
            f"--{name}", type=Path, default=default, required=default is None, metavar="DIR",
            help=f"folder of class folders (default: ${variable})",
        )  # fmt: skip
    parser.add_argument("--model-dir", type=Path, default=environment.get("SM_MODEL_DIR", "model"), metavar="DIR")
    parser.add_argument("--output-data-dir", type=Path, default=environment.get("SM_OUTPUT_DATA_DIR"), metavar="DIR")
    parser.add_argument(
        "--weights", type=Path, default=environment.get("SM_CHANNEL_WEIGHTS", "weights"), metavar="DIR",
        help="folder of pretrained weights (default: $SM_CHANNEL_WEIGHTS)",
    )  # fmt: skip
    # A tuning job adds this one to what it passes; AWS's toolkit drops it, other runners may not.
    parser.add_argument("--_tuning_objective_metric", help=argparse.SUPPRESS)
    for item in HYPERPARAMETERS:
        choices = f" ({', '.join(item.choices)})" if item.choices else ""
        parser.add_argument(f"--{item.name}", help=f"{item.help}{choices}; default {item.default}".replace("%", "%%"))
    parsed = parser.parse_args(arguments)
    if parsed.output_data_dir is None:
        parsed.output_data_dir = parsed.model_dir.with_name(parsed.model_dir.name + "-records")
    passed = {item.name: getattr(parsed, item.name.replace("-", "_")) for item in HYPERPARAMETERS}
    # The toolkit flattens a JSON object into `a=1,b=2` on the command line; SM_HPS has it as it was sent.
    whole = json.loads(environment.get("SM_HPS", "{}"))
    passed |= {item.name: whole[item.name] for item in HYPERPARAMETERS if item.kind is dict and item.name in whole}
    return parsed, {name: value for name, value in passed.items() if value is not None}


def seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)


def fail(error: Exception, environment: Mapping[str, str]) -> int:
    # In a job AWS's toolkit copies into FailureReason what follows the name of a built-in exception on stderr.
    prefix = "RuntimeError" if environment.get("TRAINING_JOB_NAME") else "error"
    print(f"{prefix}: {error}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
