"""Publish a version that was taken out of another environment, not trained here, by the digest that `take` printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from imgcls.contract import evaluation, keys, promotion
from imgcls.contract.artifact import ARCHIVE, ModelCard, sha256
from imgcls.contract.promotion import Promotion
from kennel.client.classifier import NotPublished
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.models import imported, published, staged
from kennel.models.taken import digest_of, files, read_card
from kennel.runs import executions
from lambdas.common.errors import Refused
from lambdas.plan_run import naming, promoted
from pipeline.specs import run_specs


@dataclass(frozen=True)
class Promoted:
    """`execution` judges, tests and publishes the version; empty if it is `published` or `staged` here already.

    `sha256` is the archive's, in hex.
    """

    model: str
    version: str
    sha256: str
    execution: str
    state: str


def start(
    session: Session, folder: Path, digest: str, *, unmeasured: bool = False, replace_labels: bool = False
) -> Promoted:
    """Check what was taken against `digest`, the SHA-256 of promotion.json, and the environment; upload and start it.

    Raises KennelError with one sentence for what does not belong together, before anything is uploaded.
    """
    found = read(folder, digest)
    _require_fitting(session, found)
    if state := _state(session, found):
        return Promoted(found.model, found.version, found.sha256, "", state)
    execution = executions.new_name()
    _upload(session, folder, keys.run(execution, found.model))
    asked = {name: True for name, on in (("unmeasured", unmeasured), ("replace_labels", replace_labels)) if on}
    wanted = {"model": found.model, "digest": digest.lower(), "sha256": found.sha256, **asked}
    executions.start(session, models=[], promote=wanted, name=execution)
    return Promoted(found.model, found.version, found.sha256, execution, "")


def read(folder: Path, digest: str) -> Promotion:
    """What `kennel models take` left in `folder`, unchanged: its promotion.json has exactly this SHA-256 in hex."""
    digest = digest.lower()
    if not promotion.DIGEST.fullmatch(digest):
        raise KennelError(f"--sha256 is {digest}; it must be the 64 hex digits that `kennel models take` printed")
    for name in (ARCHIVE, promotion.FILE):
        if not (folder / name).is_file():
            raise KennelError(f"{folder} does not contain {name}: make it with `kennel models take`")
    archive, actual = sha256(folder / ARCHIVE), digest_of(folder)
    if digest == archive:
        raise KennelError(
            f"--sha256 is the SHA-256 of {ARCHIVE} alone: hand over the digest that `kennel models take` printed, it "
            "covers the evaluation and the golden images too"
        )
    if actual != digest:
        raise KennelError(
            f"{folder / promotion.FILE} has the SHA-256 {actual}, not {digest}: take the version again with "
            "`kennel models take`, or hand over the digest that it printed"
        )
    try:
        found = Promotion.from_dict(json.loads((folder / promotion.FILE).read_text()))
    except ValueError as error:
        raise KennelError(f"{folder / promotion.FILE} cannot be read ({error}): take the version again") from None
    listed, there = {ARCHIVE: found.sha256, **found.files}, {ARCHIVE: archive, **files(folder)}
    for name in sorted({*listed, *there}):
        if listed.get(name) != there.get(name):
            raise KennelError(f"{folder / name} is not what {promotion.FILE} lists: take the version again")
    _require_own_card(folder, found, read_card(folder / ARCHIVE))
    return found


def _require_own_card(folder: Path, found: Promotion, card: ModelCard) -> None:
    said = (found.model, found.version, found.architecture, found.labels, found.response_format, found.precision)
    true = (card.name, card.version, card.architecture, card.labels, card.response_format, card.precision)
    if (*said, dict(found.preprocessing)) != (*true, card.preprocessing.to_dict()):
        raise KennelError(f"{folder / promotion.FILE} is not about {ARCHIVE} beside it: take the version again")


def _require_fitting(session: Session, found: Promotion) -> None:
    try:
        promoted.require_fitting(found, run_specs(session.config))
    except Refused as error:
        raise KennelError(str(error)) from None
    spec = next(model for model in session.config.models if model.name == found.model)
    dataset = session.config.dataset(spec.dataset)
    classes = imported.class_labels(session.client("s3"), session.output("DataBucket"), dataset)
    new, gone = sorted(set(classes) - set(found.labels)), sorted(set(found.labels) - set(classes))
    if classes and (new or gone):
        differences = [
            *([f"has {naming.shown(new)}, which {found.model} was not trained with"] if new else []),
            *([f"lacks {naming.shown(gone)}, which {found.model} was trained with"] if gone else []),
        ]
        raise KennelError(
            f"the data set {dataset.name} of {session.config.environment} {', and '.join(differences)}: upload the "
            "data set that it was trained with, or train here (--replace-labels is about what is published and does "
            "not help)"
        )


def _state(session: Session, found: Promotion) -> str:
    """`published` or `staged` if the version is that here already, otherwise empty."""
    try:
        alias = published.alias(session, found.model)
    except NotPublished:
        alias = None
    target_model = keys.target_model(found.model, found.version)
    if alias and alias.current == target_model:
        return "published"
    waits = staged.waiting(session, {alias.name: alias} if alias else {}).get(found.model)
    return "staged" if waits and waits.target_model == target_model else ""


def _upload(session: Session, folder: Path, prefix: str) -> None:
    """Where a run of this environment would have left it. The service checks the SHA-256 of what it gets."""
    s3, bucket = session.client("s3"), session.output("ArtifactsBucket")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        key = prefix + (promotion.EVALUATION if name == evaluation.FILE else name)
        s3.upload_file(str(path), bucket, key, ExtraArgs={"ChecksumAlgorithm": "SHA256"})
