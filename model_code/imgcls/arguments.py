"""The command line of train.py: paths, which default to the job's `SM_*`, and the hyperparameters of the contract."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from imgcls.contract import keys
from imgcls.contract.hyperparameters import HYPERPARAMETERS


def parse(
    arguments: Sequence[str] | None, environment: Mapping[str, str], description: str
) -> tuple[argparse.Namespace, dict[str, str]]:
    """The paths, and the hyperparameters that were passed. An unknown argument is an error."""
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
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
    parser.add_argument(
        "--checkpoint-dir", type=Path, default=_checkpoint_folder(environment), metavar="DIR",
        help="folder to resume from and to save to (default in a job: checkpoints/ beside $SM_MODEL_DIR)",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoint-seconds", type=float, default=environment.get("KENNEL_CHECKPOINT_SECONDS", "60"), metavar="S",
        help="save after the first step that ends this long after the last checkpoint (default: 60)",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoint-epochs", type=int, default=0, metavar="N",
        help="save after every N epochs too; 0 leaves it to the clock (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--feature-dir", type=Path, metavar="DIR",
        help="folder of the feature cache (default: features/ in the checkpoint folder, else MODEL_DIR-features)",
    )  # fmt: skip
    # A tuning job adds this one to what it passes; AWS's toolkit drops it, other runners may not.
    parser.add_argument("--_tuning_objective_metric", help=argparse.SUPPRESS)
    for item in HYPERPARAMETERS:
        choices = f" ({', '.join(item.choices)})" if item.choices else ""
        parser.add_argument(f"--{item.name}", help=f"{item.help}{choices}; default {item.default}".replace("%", "%%"))
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
