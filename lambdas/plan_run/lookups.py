"""What PlanRun reads from S3: the data set, staged weights, published versions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.artifact import ARCHIVE
from imgcls.contract.plan_file import PlanFile
from imgcls.contract.records import OUTPUT_ARCHIVE
from imgcls.contract.run_plan import PLAN_FILE, RunPlan, Trained
from lambdas.common import s3
from lambdas.common.clients import client
from lambdas.common.errors import Refused


def require_dataset(bucket: str, name: str) -> None:
    """Raises Refused if the data set's prefix is empty."""
    if not s3.has_objects(bucket, keys.dataset(name)):
        raise Refused(
            f"{keys.uri(bucket, keys.dataset(name))} does not contain images: upload them with "
            f"`kennel data upload DIR --dataset {name}`"
        )


def require_weights(bucket: str, plan: RunPlan) -> None:
    """Raises Refused for a pretrained model whose weights are not staged. Training jobs have no internet."""
    for model in plan.models:
        if model.pretrained and model.trained is None and not s3.exists(bucket, keys.weights(model.architecture)):
            raise Refused(
                f"{model.name} starts from pretrained weights, and {keys.weights(model.architecture)} is not in "
                f"the artifacts bucket: run `kennel weights stage {model.architecture}`"
            )


def published(bucket: str, models: Iterable[str]) -> dict[str, Alias]:
    """Model -> its alias. Models without a published version are left out."""
    found = {name: s3.read(bucket, keys.alias(name)) for name in models}
    return {name: Alias.from_dict(json.loads(content[0])) for name, content in found.items() if content}


def labels(bucket: str, aliases: Mapping[str, Alias]) -> dict[str, list[str]]:
    """Model -> the labels of its published version. A version that was staged without them is left out."""
    found = {model: s3.read(bucket, keys.labels(alias.current)) for model, alias in aliases.items()}
    return {model: json.loads(content[0]) for model, content in found.items() if content}


def class_folders(bucket: str, dataset: str, layout: str | None) -> list[str]:
    """Names of the class folders of an uploaded data set; without a `layout` a folder `train` tells which it has."""
    prefix = keys.dataset(dataset)
    folders = s3.folders(bucket, prefix)
    if layout == "splits" or (layout is None and "train" in folders):
        return s3.folders(bucket, f"{prefix}train/")
    return folders


@dataclass(frozen=True)
class Search:
    """A tuning job, and the names of all hyperparameters of its trials, searched or not."""

    job: str
    hyperparameters: frozenset[str]


def searches(bucket: str, aliases: Mapping[str, Alias]) -> dict[str, Search]:
    """Model -> the search behind its published version. Models without one, or whose file expired, are left out."""
    saved = {}
    for model, alias in aliases.items():
        # A person rolls back; a pipeline publishes under its execution's ARN.
        if ":execution:" in alias.who:
            found = s3.read(bucket, keys.hyperparameters(alias.who.rpartition(":")[2], model))
            saved[model] = json.loads(found[0]) if found else {"tuning_job": ""}
    return {
        model: Search(file["tuning_job"], frozenset(file["values"]))
        for model, file in saved.items()
        if file["tuning_job"]
    }


def trained(bucket: str, artifacts: Mapping[str, str]) -> dict[str, Trained]:
    """Model -> the artifact used in place of a training. Raises Refused if the evaluation could not read or use it."""
    return {model: _trained(bucket, model, uri) for model, uri in artifacts.items()}


def _trained(bucket: str, model: str, uri: str) -> Trained:
    place, key = keys.parse_uri(uri)
    if place != bucket or not key.startswith(keys.RUNS) or not s3.exists(bucket, key):
        raise Refused(
            f"trained.{model} is {uri}, and there is no such object below {keys.uri(bucket, keys.RUNS)}: "
            "bring the weights in with `kennel models import`"
        )
    folder = key.removesuffix(ARCHIVE)
    records = folder + OUTPUT_ARCHIVE
    # A training job's artifact is in <job>/output/.
    job = folder.removesuffix("/output/").rpartition("/")[2]
    return Trained(job, uri, keys.uri(bucket, records if s3.exists(bucket, records) else key))


def store(bucket: str, plan: RunPlan, file: PlanFile) -> None:
    """Write plan.json, each model's plan, and the champion input for a model without a published version."""
    s3.write_json(bucket, keys.plan(plan.execution) + PLAN_FILE, file.to_dict())
    for model, value in zip(plan.models, plan.to_dict()["models"], strict=True):
        s3.write_json(bucket, keys.model_plan(plan.execution, model.name), value)
    placeholder = keys.NO_CHAMPION + "nothing-published.txt"
    if not s3.exists(bucket, placeholder):
        client("s3").put_object(Bucket=bucket, Key=placeholder, Body=b"an input without objects would fail the job\n")
