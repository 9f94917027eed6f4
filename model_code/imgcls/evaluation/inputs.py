"""What an evaluation is given: the plan, the trained artifact, the validation and test splits, the published model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from imgcls.artifacts import archives
from imgcls.contract import evaluation as contract
from imgcls.contract.artifact import ARCHIVE, ModelCard, read_card
from imgcls.contract.plan_file import ModelSettings, PlanFile
from imgcls.contract.run_plan import PLAN_FILE
from imgcls.data.folders import ImageFolder, open_dataset
from imgcls.evaluation import golden_images


class EvaluationError(ValueError):
    """Inputs that do not belong together; the message is one sentence."""


@dataclass(frozen=True)
class Folders:
    """Where the inputs are, and `output`, where everything is written.

    `artifact` and `champion` contain a model.tar.gz, `output_data` an output.tar.gz, `plan` plan.json. Only `champion`
    and `output_data` may be empty.
    """

    plan: Path
    artifact: Path
    output_data: Path
    validation: Path
    test: Path
    champion: Path
    output: Path


@dataclass(frozen=True)
class Inputs:
    """`trained` is the unpacked artifact, `card` its model.json."""

    settings: ModelSettings
    trained: Path
    card: ModelCard
    validation: ImageFolder
    test: ImageFolder


def open_inputs(folders: Folders, model: str, trained: Path) -> Inputs:
    """Unpack the artifact into `trained` and open both splits.

    Raises EvaluationError for inputs that are missing or do not belong together, ArtifactError and DataError for
    damaged ones.
    """
    settings = model_settings(folders.plan, model)
    archives.unpack(archive_in(folders.artifact), trained)
    card = read_card(trained)
    check_trained(card, settings)
    validation, test = (open_split(folder, card, settings) for folder in (folders.validation, folders.test))
    if not golden_images.possible(test):
        raise EvaluationError(
            f"every test image is larger than {contract.GOLDEN_MAX_BYTES:,} bytes, and the smoke test sends some to an "
            "endpoint, which takes 6 MB per request: add smaller images to the test split, as callers would send them"
        )
    return Inputs(settings, trained, card, validation, test)


def model_settings(plan: Path, model: str) -> ModelSettings:
    """The model's entry in plan.json. Raises EvaluationError."""
    try:
        models = PlanFile.from_dict(json.loads((plan / PLAN_FILE).read_text())).models
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{plan / PLAN_FILE} cannot be read: {error!r}") from error
    if model not in models:
        raise EvaluationError(f"{PLAN_FILE} does not contain the model {model!r}; it has {', '.join(models)}")
    return models[model]


def archive_in(folder: Path) -> Path:
    """The training job's archive. Raises EvaluationError if there is none."""
    if not (folder / ARCHIVE).is_file():
        raise EvaluationError(f"{folder} does not contain {ARCHIVE}: the training job left no artifact")
    return folder / ARCHIVE


def check_trained(card: ModelCard, settings: ModelSettings) -> None:
    """Raises EvaluationError if the artifact is not what the plan asked training for."""
    for field in ("name", "architecture", "preprocessing"):
        if getattr(card, field) != getattr(settings, field):
            raise EvaluationError(
                f"the artifact's {field} is {getattr(card, field)}, the plan's is {getattr(settings, field)}: "
                "evaluate the artifact that this run trained"
            )


def open_split(folder: Path, card: ModelCard, settings: ModelSettings) -> ImageFolder:
    """A split whose classes are the model's. Raises EvaluationError for others."""
    split = open_dataset(folder, settings.labels)
    if split.labels != card.labels:
        raise EvaluationError(
            f"{folder} has the classes {', '.join(split.labels[:5])}, ...; "
            f"the model was trained on {', '.join(card.labels[:5])}, ...: evaluate it on its own data set"
        )
    return split
