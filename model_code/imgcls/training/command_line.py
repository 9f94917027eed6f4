"""The command line of train.py: paths, which default to the job's `SM_*`, and the hyperparameters by their groups."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgcls.contract import keys
from imgcls.contract.hyperparameter import Hyperparameter
from imgcls.contract.training_settings import TrainingSettings

_METAVARS = {int: "N", float: "X", str: "TEXT", bool: "true|false", dict: "JSON"}
_EPILOG = """\
A folder of class folders is enough:

  python model_code/train.py --train photos/train --validation photos/valid \\
      --architecture simple_cnn --pretrained false --model-dir out/model
  kennel predict dog.jpg --artifact out/model

An interrupted training resumes when it is started again with the same --checkpoint-dir.
Several processes share the work: torchrun --nproc_per_node 2 model_code/train.py ...
"""


@dataclass(frozen=True)
class Paths:
    """Where a training reads and writes, and how often it saves. Nothing is saved without a `checkpoint_dir`."""

    train: Path
    validation: Path
    model_dir: Path
    output_data_dir: Path
    weights: Path
    feature_dir: Path
    checkpoint_dir: Path | None
    checkpoint_seconds: float
    checkpoint_epochs: int


def parse(
    arguments: Sequence[str] | None, environment: Mapping[str, str], description: str
) -> tuple[Paths, dict[str, Any]]:
    """The paths, and the hyperparameters that were passed. An unknown argument is an error."""
    parsed = _parser(environment, description).parse_args(arguments)
    whole = json.loads(environment.get("SM_HPS", "{}"))
    passed = {}
    for item in TrainingSettings.hyperparameters():
        value = getattr(parsed, item.name.replace("-", "_"))
        # The toolkit flattens a JSON object into `a=1,b=2` on the command line; SM_HPS has it as it was sent.
        if item.kind is dict and item.name in whole:
            value = whole[item.name]
        if value is not None:
            passed[item.name] = value
    return _paths(parsed), passed


def _parser(environment: Mapping[str, str], description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        usage="%(prog)s --train DIR --validation DIR [options]", description=description, epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=34, width=110),
    )  # fmt: skip
    _add_paths(parser.add_argument_group("folders; in a SageMaker job the service names them"), environment)
    _add_checkpoints(parser.add_argument_group("interruptions"), environment)
    for group in TrainingSettings.groups().values():
        titled = parser.add_argument_group(group.title)
        for item in group.hyperparameters():
            titled.add_argument(f"--{item.name}", metavar=_metavar(item), help=_help(item))
    # A tuning job adds this one to what it passes; AWS's toolkit drops it, other runners may not.
    parser.add_argument("--_tuning_objective_metric", help=argparse.SUPPRESS)
    return parser


def _metavar(item: Hyperparameter) -> str:
    return "|".join(item.choices) or _METAVARS[item.kind]


def _help(item: Hyperparameter) -> str:
    return f"{item.help} (default: {item.format(item.default)})".replace("%", "%%")


def _paths(parsed: argparse.Namespace) -> Paths:
    model: Path = parsed.model_dir
    records: Path | None = parsed.output_data_dir
    checkpoints: Path | None = parsed.checkpoint_dir
    features: Path | None = parsed.feature_dir or (checkpoints and checkpoints / "features")
    return Paths(
        train=parsed.train,
        validation=parsed.validation,
        model_dir=model,
        output_data_dir=records or model.with_name(model.name + "-records"),
        weights=parsed.weights,
        feature_dir=features or model.with_name(model.name + "-features"),
        checkpoint_dir=checkpoints,
        checkpoint_seconds=parsed.checkpoint_seconds,
        checkpoint_epochs=parsed.checkpoint_epochs,
    )


def _add_paths(group: argparse._ArgumentGroup, environment: Mapping[str, str]) -> None:
    for name, variable, text in (
        ("train", "SM_CHANNEL_TRAIN", "class folders of images to train on"),
        ("validation", "SM_CHANNEL_VALIDATION", "class folders of images that choose the best epoch"),
    ):
        default = environment.get(variable)
        group.add_argument(
            f"--{name}", type=Path, default=default, required=default is None, metavar="DIR",
            help=f"{text} (default: ${variable})",
        )  # fmt: skip
    for name, variable, local, text in (
        ("model-dir", "SM_MODEL_DIR", "model", "where the artifact goes"),
        ("output-data-dir", "SM_OUTPUT_DATA_DIR", "MODEL_DIR-records", "where metrics, findings and the profile go"),
        ("weights", "SM_CHANNEL_WEIGHTS", "weights", "pretrained weights, as `kennel weights stage` leaves them"),
    ):
        group.add_argument(
            f"--{name}", type=Path, metavar="DIR", help=f"{text} (default: ${variable}, else {local})",
            default=environment.get(variable, local if name != "output-data-dir" else None),
        )  # fmt: skip
    group.add_argument(
        "--feature-dir", type=Path, metavar="DIR",
        help="the feature cache (default: features/ in the checkpoint folder, else MODEL_DIR-features)",
    )  # fmt: skip


def _add_checkpoints(group: argparse._ArgumentGroup, environment: Mapping[str, str]) -> None:
    group.add_argument(
        "--checkpoint-dir", type=Path, default=_checkpoint_folder(environment), metavar="DIR",
        help="where to resume from and to save to (default in a job: checkpoints/ beside $SM_MODEL_DIR)",
    )  # fmt: skip
    group.add_argument(
        "--checkpoint-seconds", type=float, default=environment.get("KENNEL_CHECKPOINT_SECONDS", "60"), metavar="S",
        help="save after the first step that ends this long after the last checkpoint (default: 60)",
    )  # fmt: skip
    group.add_argument(
        "--checkpoint-epochs", type=int, default=0, metavar="N",
        help="save after every N epochs too; 0 leaves it to the clock (default: 0)",
    )  # fmt: skip


def _checkpoint_folder(environment: Mapping[str, str]) -> Path | None:
    """/opt/ml/checkpoints, which the service creates only for a job with a CheckpointConfig.

    The trials of a search have one CheckpointConfig and so one prefix in S3: each uses a folder of its own there.
    """
    if "SM_MODEL_DIR" not in environment:
        return None
    folder = Path(environment["SM_MODEL_DIR"]).with_name("checkpoints")
    trials = folder / Path(keys.TRIAL_CHECKPOINTS).name
    if trials.is_dir():
        return trials / environment["TRAINING_JOB_NAME"]
    return folder if folder.is_dir() else None
