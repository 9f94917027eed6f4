"""Take a version out of an environment: its archive, and what another environment needs to judge and test it."""

from __future__ import annotations

import getpass
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from imgcls.artifacts import archives
from imgcls.contract import evaluation, keys, promotion
from imgcls.contract.artifact import ARCHIVE, ArtifactError, ModelCard, sha256
from imgcls.contract.evaluation import Evaluation
from imgcls.contract.failures import service_errors
from imgcls.contract.promotion import Promotion
from imgcls.contract.staged import APPROVED, is_open
from kennel.cloud.session import Session
from kennel.errors import KennelError, writing
from kennel.models import published
from pipeline.specs import package_group

GOLDEN, REPORTS = evaluation.GOLDEN_FOLDER, "reports/"
"""Folders beside the archive. A run's reports expire with the run, and may be missing."""


def take(session: Session, name: str, folder: Path, *, version: str | None = None) -> Promotion:
    """Download a version, by default the published one, into `folder`, which must be new or empty.

    Raises KennelError for a version that was rejected or never judged, and for bytes that nobody approved.
    """
    target_model = keys.target_model(name, version) if version else published.alias(session, name).current
    package = _package(session, name, target_model.split("/")[1])
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise KennelError(f"{folder} is not empty: give a new folder with --output")
    metadata = package["CustomerMetadataProperties"]
    digest = _download(session, target_model, package, folder)
    if metadata.get("sha256", digest) != digest:
        raise KennelError(
            f"{keys.MODELS}{target_model} has the SHA-256 {digest}, and its model package says {metadata['sha256']}: "
            "the archive was changed after it was registered, so do not promote it"
        )
    scored, card = evaluation.read(folder / evaluation.FILE), read_card(folder / ARCHIVE)
    taken = _promotion(session, card, scored, package, digest, folder)
    (folder / promotion.FILE).write_text(json.dumps(taken.to_dict(), indent=1, sort_keys=True) + "\n")
    return taken


def digest_of(folder: Path) -> str:
    """What `kennel models promote` asks for, in hex: it stands for every file that `take` left in `folder`."""
    return sha256(folder / promotion.FILE)


def read_card(archive: Path) -> ModelCard:
    """The card of an archive, after every hash in it was checked. Raises KennelError."""
    with tempfile.TemporaryDirectory() as work:
        try:
            archives.unpack(archive, Path(work))
            return archives.verify(Path(work))
        except ArtifactError as error:
            raise KennelError(f"{archive}: {error}") from None


def files(folder: Path) -> dict[str, str]:
    """What lies beside the archive -> SHA-256."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: sha256(path) for name, path in names.items() if name not in (ARCHIVE, promotion.FILE)}


def _package(session: Session, name: str, version: str) -> dict[str, Any]:
    """The model package of a version that is published or staged; of several, one that is approved."""
    sagemaker, group = session.client("sagemaker"), package_group(session.config, name)
    try:
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
        )
        arns = [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
        arns = []
    described = [sagemaker.describe_model_package(ModelPackageName=arn) for arn in arns]
    found = [item for item in described if item.get("CustomerMetadataProperties", {}).get("version") == version]
    good = [item for item in found if is_open(item["ModelApprovalStatus"])]
    if not good:
        what = f"version {version} of {name}"
        why = f"{what} was rejected" if found else f"{group} does not have {what}"
        raise KennelError(f"{why}: choose a version of `kennel models show {name}`")
    return min(good, key=lambda item: item["ModelApprovalStatus"] != APPROVED)


def _download(session: Session, target_model: str, package: dict[str, Any], folder: Path) -> str:
    """Returns the archive's SHA-256."""
    s3, bucket = session.client("s3"), session.output("ArtifactsBucket")
    metadata = package["CustomerMetadataProperties"]
    name = target_model.split("/")[0]
    scored = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    _fetch(s3, bucket, keys.MODELS + target_model, folder / ARCHIVE)
    _fetch(s3, *keys.parse_uri(scored), folder / evaluation.FILE)
    for prefix, below in (
        (keys.golden_of(target_model), GOLDEN),
        (keys.reports(metadata["execution"], name), REPORTS),
    ):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                _fetch(s3, bucket, item["Key"], _below(folder / below, item["Key"].removeprefix(prefix)))
    if not (folder / GOLDEN / evaluation.GOLDEN_FILE).is_file():
        raise KennelError(f"{keys.uri(bucket, keys.golden_of(target_model))} has no golden images: publish it again")
    return sha256(folder / ARCHIVE)


def _below(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise KennelError(f"the key {name} leads out of {folder}: delete the object")
    return path


def _fetch(s3: Any, bucket: str, key: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        s3.download_file(bucket, key, str(path))
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
        raise KennelError(f"{keys.uri(bucket, key)} does not exist, or has expired: train it again") from None


def _promotion(
    session: Session, card: ModelCard, scored: Evaluation, package: dict[str, Any], digest: str, folder: Path
) -> Promotion:
    metadata = package["CustomerMetadataProperties"]
    return Promotion(
        model=card.name,
        version=card.version,
        sha256=digest,
        architecture=card.architecture,
        labels=card.labels,
        preprocessing=card.preprocessing.to_dict(),
        response_format=card.response_format,
        precision=card.precision,
        dataset=metadata["dataset"],
        manifest_id=scored.manifest_id,
        training_job=metadata["training_job"],
        accuracy=scored.accuracy,
        num_images=scored.num_images,
        source_project=session.config.project,
        source_environment=session.config.environment,
        source_package=promotion.without_account(package["ModelPackageArn"]),
        who=getpass.getuser(),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        files=files(folder),
    )
