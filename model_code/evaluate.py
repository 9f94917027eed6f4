"""Evaluate a trained model: make the servable archive, then score the served graph on the locked test split.

Runs as a SageMaker processing job; every path is an argument. The published model, when there is one, is scored on
the same images.
"""

from __future__ import annotations

import os

# Before torch loads OpenMP, as in train.py: threads that spin while they wait starve the jobs beside this one.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

import inference
from imgcls.artifacts import archives
from imgcls.contract import evaluation as contract
from imgcls.contract.artifact import ARCHIVE, ArtifactError, ModelCard, read_card
from imgcls.contract.hyperparameters import HyperparameterError
from imgcls.contract.plan_file import ModelSettings, PlanFile
from imgcls.contract.prepared import MAX_MESSAGE_BYTES, REPORTS, EvaluateMessage
from imgcls.contract.records import OUTPUT_ARCHIVE
from imgcls.contract.run_plan import PLAN_FILE
from imgcls.data.folders import DataError, ImageFolder, open_dataset
from imgcls.evaluation import scores
from imgcls.evaluation.candidate import load_network, make_candidate
from imgcls.evaluation.golden_images import write_golden
from imgcls.evaluation.saliency import grad_cam
from imgcls.images.preprocess import preprocess
from imgcls.networks.architectures import NetworkError
from imgcls.reports.pictures import overlay
from imgcls.reports.write import write_evaluation_report, write_training_reports
from imgcls.runtime.cores import num_cores
from imgcls.serving.errors import RequestError

PROCESSING = Path("/opt/ml/processing")
_LATENCY_IMAGES = 32

USER_ERRORS = (ArtifactError, DataError, HyperparameterError, NetworkError)


class EvaluationError(ValueError):
    """Inputs that do not belong together; the message is one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    paths = parse(arguments)
    paths.message.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as work:
            message = evaluate(paths, Path(work))
    except (*USER_ERRORS, EvaluationError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        paths.message.write_bytes(str(error).encode()[:MAX_MESSAGE_BYTES])
        return 1
    paths.message.write_text(message.encode())
    print(message.encode(), flush=True)
    return 0


def evaluate(paths: argparse.Namespace, work: Path) -> EvaluateMessage:
    settings = model_settings(paths.plan, paths.model)
    archives.unpack(archive_in(paths.artifact), work / "trained")
    trained = read_card(work / "trained")
    check_trained(trained, settings)
    validation = open_split(paths.validation, trained, settings)
    test = open_split(paths.test, trained, settings)

    candidate = work / "candidate"
    card, notes = make_candidate(work / "trained", candidate, settings, validation, probabilities_of)
    paths.output.mkdir(parents=True, exist_ok=True)
    archives.pack(candidate, paths.output / ARCHIVE)
    predicted, candidate_score = score(candidate, paths.output / ARCHIVE, test)
    champion, champion_notes = score_champion(paths.champion, work / "champion", card, test)
    evaluated = contract.Evaluation(
        **vars(candidate_score), manifest_id=card.manifest_id, champion=champion, notes=(*notes, *champion_notes)
    )
    contract.write(paths.output / contract.FILE, evaluated)
    write_golden(paths.output / "golden", test, predicted, card)
    write_reports(paths, work, card, evaluated, predicted, test)
    for note in evaluated.notes:
        print(f"note: {note}", flush=True)
    return EvaluateMessage(
        card.version, evaluated.accuracy, champion.accuracy if champion else -1, evaluated.num_images
    )


def model_settings(plan: Path, model: str) -> ModelSettings:
    """The model's entry of plan.json."""
    try:
        models = PlanFile.from_dict(json.loads((plan / PLAN_FILE).read_text())).models
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{plan / PLAN_FILE} cannot be read: {error!r}") from error
    if model not in models:
        raise EvaluationError(f"{PLAN_FILE} has no model {model!r}; it has {', '.join(models)}")
    return models[model]


def archive_in(folder: Path) -> Path:
    if not (folder / ARCHIVE).is_file():
        raise EvaluationError(f"{folder} holds no {ARCHIVE}: the training job left no artifact")
    return folder / ARCHIVE


def check_trained(card: ModelCard, settings: ModelSettings) -> None:
    """Raises EvaluationError when the artifact is not what the plan asked training for."""
    for field in ("name", "architecture", "preprocessing"):
        if getattr(card, field) != getattr(settings, field):
            raise EvaluationError(
                f"the artifact's {field} is {getattr(card, field)}, the plan's is {getattr(settings, field)}: "
                "evaluate the artifact that this run trained"
            )


def open_split(folder: Path, card: ModelCard, settings: ModelSettings) -> ImageFolder:
    split = open_dataset(folder, settings.labels)
    if split.labels != card.labels:
        raise EvaluationError(
            f"{folder} has the classes {', '.join(split.labels[:5])}, ...; "
            f"the model was trained on {', '.join(card.labels[:5])}, ...: evaluate it on its own data set"
        )
    return split


def probabilities_of(folder: Path, split: ImageFolder) -> np.ndarray:
    """What the served graph answers, through the functions that serve it; one thread a core."""
    model = inference.model_fn(folder)

    def predict(index: int) -> np.ndarray:
        images = inference.input_fn(split.read(index), "application/x-image")
        try:
            return inference.predict_fn(images, model).probabilities[0]
        except RequestError as error:
            raise DataError(f"{split.root.name}/{split.name(index)}: {error}: remove it, or run prepare.py") from error

    with ThreadPoolExecutor(num_cores()) as pool:
        return np.stack(list(pool.map(predict, range(len(split)))))


def latency_ms(folder: Path, split: ImageFolder) -> float:
    """Median time of one image from its bytes to probabilities, one after another."""
    model = inference.model_fn(folder)
    seconds = []
    for index in scores.spread(split.targets, _LATENCY_IMAGES):
        prediction = inference.predict_fn(inference.input_fn(split.read(index), "application/x-image"), model)
        seconds.append(prediction.decode_seconds + prediction.infer_seconds)
    return round(1000 * median(seconds), 3)


def score(folder: Path, archive: Path, test: ImageFolder) -> tuple[np.ndarray, contract.Score]:
    """(probabilities, score) of the artifact in `folder` on the test split, its classes in the split's order."""
    card = read_card(folder)
    probabilities = probabilities_of(folder, test)
    agreement = 1.0
    if card.precision != "fp32":
        with tempfile.TemporaryDirectory() as full:
            shutil.copytree(folder, full, dirs_exist_ok=True)
            archives.write_artifact(Path(full), replace(card, precision="fp32"))
            agreement = scores.agreement(probabilities, probabilities_of(Path(full), test))
    columns = [card.labels.index(label) for label in test.labels]
    return probabilities, scores.score(
        probabilities[:, columns],
        np.asarray(test.targets),
        test.labels,
        latency_ms=latency_ms(folder, test),
        artifact_bytes=archive.stat().st_size,
        precision=card.precision,
        agreement_with_fp32=agreement,
        version=card.version,
    )


def score_champion(
    folder: Path, unpacked: Path, candidate: ModelCard, test: ImageFolder
) -> tuple[contract.Score | None, list[str]]:
    """The published model's score on the same images, or None and why."""
    if not (folder / ARCHIVE).is_file():
        return None, []
    archives.unpack(folder / ARCHIVE, unpacked)
    card = archives.verify(unpacked)
    if set(card.labels) != set(candidate.labels):
        return None, [f"the published version {card.version} has other classes: it was not scored"]
    return score(unpacked, folder / ARCHIVE, test)[1], []


def write_reports(
    paths: argparse.Namespace,
    work: Path,
    card: ModelCard,
    evaluated: contract.Evaluation,
    predicted: np.ndarray,
    test: ImageFolder,
) -> None:
    """`reports/`: the evaluation's page, and those of the training where its records are given."""
    folder = paths.output / REPORTS
    network = load_network(work / "trained", card)

    def explain(indices: Sequence[int], classes: Sequence[int]) -> list[bytes]:
        pixels = np.stack([preprocess(test.read(index), card.preprocessing) for index in indices])
        heat = grad_cam(network, pixels, card.preprocessing, classes)
        return [overlay(*pair) for pair in zip(pixels, heat, strict=True)]

    write_evaluation_report(folder, evaluated, predicted, test, card.name, explain)
    if (paths.output_data / OUTPUT_ARCHIVE).is_file():
        archives.unpack(paths.output_data / OUTPUT_ARCHIVE, work / "output-data")
        write_training_reports(folder, work / "output-data", card)


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
    parser.add_argument("--message", type=Path, default=Path("/opt/ml/output/message"), metavar="FILE")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
