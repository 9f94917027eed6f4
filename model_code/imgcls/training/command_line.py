"""The command line of train.py: paths, which default to the job's `SM_*`, and the hyperparameters of the contract."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from imgcls.contract import keys
from imgcls.contract.hyperparameters import BY_NAME, HYPERPARAMETERS

_GROUPS = {
    "network": ("architecture", "pretrained", "freeze-backbone", "head-epochs", "backbone-lr-ratio"),
    "optimization": (
        "epochs", "batch-size", "lr", "optimizer", "momentum", "weight-decay", "warmup-epochs", "gradient-clipping",
        "accumulation-steps", "patience", "seed",
    ),
    "images and labels": (
        "preprocessing", "augmentation", "label-smoothing", "class-weighting", "labels", "test-batch-size",
        "num-workers",
    ),
    "speed": ("train-precision", "compile"),
    "head on cached features": ("feature-cache", "feature-views", "head-search"),
    "records": ("debug", "profile"),
    "model artifact": ("model-name", "serving"),
}  # fmt: skip
"""The hyperparameters as `--help` shows them: every one, once."""

_METAVARS = {int: "N", float: "X", str: "TEXT", bool: "true|false", dict: "JSON"}
_EPILOG = """\
A folder of class folders is enough:

  python model_code/train.py --train photos/train --validation photos/valid \\
      --architecture simple_cnn --pretrained false --model-dir out/model
  kennel predict dog.jpg --artifact out/model

An interrupted training goes on when it is started again with the same --checkpoint-dir.
Several processes share the work: torchrun --nproc_per_node 2 model_code/train.py ...
"""


def parse(
    arguments: Sequence[str] | None, environment: Mapping[str, str], description: str
) -> tuple[argparse.Namespace, dict[str, str]]:
    """The paths, and the hyperparameters that were passed. An unknown argument is an error."""
    parser = argparse.ArgumentParser(
        usage="%(prog)s --train DIR --validation DIR [options]", description=description, epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=34, width=110),
    )  # fmt: skip
    _add_paths(parser.add_argument_group("folders; in a SageMaker job the service names them"), environment)
    _add_checkpoints(parser.add_argument_group("interruptions"), environment)
    for title, names in _GROUPS.items():
        group = parser.add_argument_group(title)
        for item in (BY_NAME[name] for name in names):
            metavar = "|".join(item.choices) if item.choices else _METAVARS[item.kind]
            default = item.format(item.default)
            text = f"{item.help} (default: {default})".replace("%", "%%")
            group.add_argument(f"--{item.name}", metavar=metavar, help=text)
    # A tuning job adds this one to what it passes; AWS's toolkit drops it, other runners may not.
    parser.add_argument("--_tuning_objective_metric", help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    if parsed.output_data_dir is None:
        parsed.output_data_dir = parsed.model_dir.with_name(parsed.model_dir.name + "-records")
    if parsed.feature_dir is None:
        beside = parsed.model_dir.with_name(parsed.model_dir.name + "-features")
        parsed.feature_dir = parsed.checkpoint_dir / "features" if parsed.checkpoint_dir else beside
    passed = {item.name: getattr(parsed, item.name.replace("-", "_")) for item in HYPERPARAMETERS}
    # The toolkit flattens a JSON object into `a=1,b=2` on the command line; SM_HPS has it as it was sent.
    whole = json.loads(environment.get("SM_HPS", "{}"))
    passed |= {item.name: whole[item.name] for item in HYPERPARAMETERS if item.kind is dict and item.name in whole}
    return parsed, {name: value for name, value in passed.items() if value is not None}


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
    """/opt/ml/checkpoints, which the service makes for a job with a CheckpointConfig and for no other.

    The trials of a search have one CheckpointConfig and so one prefix in S3: each keeps to a folder of its own there.
    """
    if "SM_MODEL_DIR" not in environment:
        return None
    folder = Path(environment["SM_MODEL_DIR"]).with_name("checkpoints")
    trials = folder / Path(keys.TRIAL_CHECKPOINTS).name
    if trials.is_dir():
        return trials / environment["TRAINING_JOB_NAME"]
    return folder if folder.is_dir() else None
