"""Evaluate a trained model: make the servable archive, then score the served graph on the locked test split.

Runs as a SageMaker processing job; every path is an argument. The published model, when there is one, is scored on
the same images.
"""

from __future__ import annotations

import os

# Before torch loads OpenMP, as in train.py: threads that spin while they wait starve the jobs beside this one.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import inference
from imgcls.contract import disk_space
from imgcls.contract.artifact import ArtifactError
from imgcls.contract.hyperparameters import HyperparameterError
from imgcls.contract.prepared import EXIT_MESSAGE_FILE, EvaluateMessage, leave_message
from imgcls.data.folders import DataError
from imgcls.evaluation.inputs import EvaluationError, Folders
from imgcls.evaluation.run import evaluate
from imgcls.networks.architectures import NetworkError

PROCESSING = Path("/opt/ml/processing")
USER_ERRORS = (ArtifactError, DataError, EvaluationError, HyperparameterError, NetworkError, disk_space.DiskFull)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    folders = Folders(**{field.name: getattr(options, field.name) for field in fields(Folders)})
    try:
        with disk_space.told(), tempfile.TemporaryDirectory() as scratch:
            evaluated = evaluate(folders, options.model, Path(scratch), inference)
    except USER_ERRORS as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        leave_message(options.message, str(error))
        return 1
    for note in evaluated.notes:
        print(f"note: {note}", flush=True)
    champion_accuracy = evaluated.champion.accuracy if evaluated.champion else -1
    message = EvaluateMessage(evaluated.version, evaluated.accuracy, champion_accuracy, evaluated.num_images).encode()
    leave_message(options.message, message)
    print(message, flush=True)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--model", required=True, help="the model's name in plan.json")
    for name, help_text in (
        ("plan", "folder of plan.json"),
        ("artifact", "folder of the training job's model.tar.gz"),
        ("output-data", "folder of the training job's output.tar.gz"),
        ("validation", "class folders; fits the temperature and calibrates"),
        ("test", "class folders; the score, and nothing else"),
        ("champion", "folder of the published model.tar.gz; without one there is no champion"),
        ("output", "where everything is written"),
    ):
        default = PROCESSING / "output" if name == "output" else PROCESSING / "input" / name
        parser.add_argument(f"--{name}", type=Path, default=default, metavar="DIR", help=help_text)
    parser.add_argument("--message", type=Path, default=Path(EXIT_MESSAGE_FILE), metavar="FILE")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
