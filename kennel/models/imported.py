"""Publish weights that were trained elsewhere: pack them, upload them, start a run without training."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.app import AppConfig
from config.datasets import DatasetSpec
from config.models import ModelSpec
from imgcls.contract import keys
from imgcls.contract.artifact import ARCHIVE, ArtifactError, Preprocessing, label_of
from imgcls.contract.image_files import is_litter, same_name
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.runs import executions
from kennel.workspace import scripts


@dataclass(frozen=True)
class Import:
    """The execution that evaluates, gates and publishes the model, and the artifact that it starts from."""

    model: str
    execution: str
    uri: str


def start(
    session: Session,
    weights: Path,
    *,
    architecture: str,
    labels: Path,
    name: str | None = None,
    preprocessing: Mapping[str, Any] | None = None,
) -> Import:
    """Check the weights against the configured model and its data set, upload the artifact, start the execution.

    Raises KennelError with one sentence for what does not belong together.
    """
    spec = choose_model(session.config, architecture, name)
    check_preprocessing(spec, preprocessing)
    dataset, s3, bucket = session.config.dataset(spec.dataset), session.client("s3"), session.output("ArtifactsBucket")
    classes = dataset_classes(s3, session.output("DataBucket"), dataset)
    execution = executions.new_name()
    # As a training job of the run would have left it.
    uri = keys.uri(bucket, keys.output(execution, spec.name) + f"imported/output/{ARCHIVE}")
    with tempfile.TemporaryDirectory() as work:
        archive = pack(Path(work), weights, spec, read_labels(labels, dataset.labels), classes)
        s3.upload_file(str(archive), *keys.parse_uri(uri), ExtraArgs={"ChecksumAlgorithm": "SHA256"})
    executions.start(session, models=[spec.name], tune=False, trained={spec.name: uri}, name=execution)
    return Import(spec.name, execution, uri)


def choose_model(config: AppConfig, architecture: str, name: str | None) -> ModelSpec:
    """The configured model that is meant. Raises KennelError when none fits, or several do."""
    if name is None:
        fitting = [model for model in config.models if model.architecture == architecture]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise KennelError(
                f"{' and '.join(m.name for m in fitting)} are both a {architecture}: give one with --name"
            )
        raise KennelError(f"no model of {config.prefix} has the network {architecture}: add one to kennel.yaml")
    known = {model.name: model for model in config.models}
    if name not in known:
        raise KennelError(f"there is no model {name} in {config.environment}; choose from {', '.join(known)}")
    if known[name].architecture != architecture:
        raise KennelError(
            f"{name} is configured with the network {known[name].architecture}, not {architecture}: "
            "name another model, or add one to kennel.yaml"
        )
    return known[name]


def check_preprocessing(spec: ModelSpec, given: Mapping[str, Any] | None) -> None:
    """Raises KennelError when the weights were trained on other pixels than the configured model sees."""
    if given is None:
        return
    try:
        wanted = Preprocessing.from_dict(given)
    except ArtifactError as error:
        raise KennelError(f"--preprocessing: {error}") from None
    configured = Preprocessing.from_dict(spec.preprocessing.model_dump())
    for field, value in wanted.to_dict().items():
        if value != configured.to_dict()[field]:
            raise KennelError(
                f"{spec.name} is configured with {field} {configured.to_dict()[field]}, and the weights were trained "
                f"with {value}: set image of {spec.name} in kennel.yaml and deploy"
            )


def read_labels(path: Path, renames: Mapping[str, str]) -> list[str]:
    """The labels in the order of the network's answers: one per line, a JSON list, or torchvision's `class_to_idx`.

    Class folders are taken for their labels, as everywhere. Raises KennelError.
    """
    if not path.is_file():
        raise KennelError(f"there is no file {path}: give a label a line, or a JSON list of them")
    text = path.read_text()
    if text.lstrip()[:1] in ("[", "{"):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise KennelError(f"{path} is not JSON: {error}") from None
        if isinstance(found, dict):
            if sorted(map(str, found.values())) != sorted(map(str, range(len(found)))):
                raise KennelError(f"{path} must map each label to its index, from 0 to {len(found) - 1}")
            found = sorted(found, key=lambda label: int(found[label]))
    else:
        found = [line.strip() for line in text.splitlines() if line.strip()]
    if not all(isinstance(label, str) for label in found) or len(found) < 2:
        raise KennelError(f"{path} must hold at least two labels, as texts")
    return [label_of(label, renames) for label in found]


def dataset_classes(s3: Any, bucket: str, dataset: DatasetSpec) -> list[str]:
    """The labels of the uploaded data set, in class-index order. Raises KennelError when there are none."""
    labels = class_labels(s3, bucket, dataset)
    if not labels:
        raise KennelError(
            f"{keys.uri(bucket, _classes_prefix(dataset))} contains no class folders, and a model is scored on its "
            f"data set: upload it with `kennel data upload DIR --dataset {dataset.name}`"
        )
    return labels


def _classes_prefix(dataset: DatasetSpec) -> str:
    return keys.dataset(dataset.name) + ("train/" if dataset.layout == "splits" else "")


def class_labels(s3: Any, bucket: str, dataset: DatasetSpec) -> list[str]:
    """The labels of the uploaded data set, in class-index order; none where it was not uploaded."""
    prefix = _classes_prefix(dataset)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", ())]
    folders = {same_name(name) for item in found if not is_litter(name := item.removeprefix(prefix).rstrip("/"))}
    return [label_of(folder, dataset.labels) for folder in sorted(folders)]


def pack(work: Path, weights: Path, spec: ModelSpec, labels: Sequence[str], classes: Sequence[str]) -> Path:
    """The archive, checked by the network itself. Raises KennelError with the script's sentence."""
    for name, value in (("labels", labels), ("classes", classes)):
        (work / f"{name}.json").write_text(json.dumps(list(value)))
    scripts.run(
        "import_model.py", weights.resolve(), "--name", spec.name, "--architecture", spec.architecture,
        "--labels", work / "labels.json", "--classes", work / "classes.json",
        "--preprocessing", json.dumps(spec.preprocessing.model_dump(mode="json")), "--output", work / ARCHIVE,
    )  # fmt: skip
    return work / ARCHIVE
