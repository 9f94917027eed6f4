"""`kennel predict`: ask a published model, or an artifact on disk without any cloud."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from imgcls.contract.image_files import shown
from kennel.cli.output import AsJson, Environment, console, print_json
from kennel.client.classifier import ImageClassifier, NotPublished, Prediction, ScoredLabel
from kennel.cloud import endpoint
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.models import published, staged

BAR_WIDTH = 30


def register(app: typer.Typer) -> None:
    app.command()(predict)


def predict(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="image files")],
    model: Annotated[str | None, typer.Option(help="a published model; its alias says which version")] = None,
    target_model: Annotated[str | None, typer.Option(help="an exact artifact, NAME/VERSION/model.tar.gz")] = None,
    artifact: Annotated[Path | None, typer.Option(help="a model folder or archive on disk; needs no cloud")] = None,
    top_k: Annotated[int, typer.Option(min=1, help="how many labels")] = 5,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Classify images."""
    if sum(item is not None for item in (model, target_model, artifact)) > 1:
        raise KennelError("give one of --model, --target-model and --artifact")
    for image in images:
        if not image.is_file():
            raise KennelError(f"{shown(str(image))} does not exist or is not a file")
    with tempfile.TemporaryDirectory() as scratch:
        ask = _from_artifact(artifact, Path(scratch)) if artifact else _from_endpoint(env, model, target_model)
        answers = [(image, ask(image, top_k)) for image in images]
    if as_json:
        print_json([{"image": str(image), **asdict(answer)} for image, answer in answers])
        return
    for image, answer in answers:
        _print(image, answer)


def _from_endpoint(env: str, model: str | None, target_model: str | None) -> Callable[[Path, int], Prediction]:
    session = Session(env)
    classifier = ImageClassifier(
        session.output("EndpointName"),
        model=None if target_model else model or session.config.default_models[0],
        target_model=target_model,
        bucket=session.output("ArtifactsBucket"),
        runtime=session.client("sagemaker-runtime"),
        s3=session.client("s3"),
    )

    def ask(image: Path, top_k: int) -> Prediction:
        try:
            return classifier.predict(image, top_k=top_k)
        except KennelError as error:
            raise _explained(session, error, model) from None

    return ask


def _explained(session: Session, error: KennelError, model: str | None) -> KennelError:
    """Why a prediction failed, with the fix where the endpoint is off or the model only staged."""
    if isinstance(error, NotPublished):
        try:
            published.alias(session, model or session.config.default_models[0])
        except NotPublished as why:
            return why
    if endpoint.is_off(session):
        return KennelError(
            f"the endpoint {session.output('EndpointName')} is off: turn it on with `{staged.command(session)}`, or "
            "ask a model on disk with --artifact FOLDER_OR_ARCHIVE"
        )
    return error


def _from_artifact(artifact: Path, scratch: Path) -> Callable[[Path, int], Prediction]:
    """The served graph of an artifact, in this process. Raises KennelError when it is none."""
    from imgcls.artifacts.archives import unpack, verify
    from imgcls.contract.artifact import ArtifactError
    from imgcls.contract.serving import ServerSettings
    from imgcls.serving.engine import OpenVinoEngine
    from imgcls.serving.errors import RequestError
    from imgcls.serving.formats import top
    from imgcls.serving.model import Images, Model

    try:
        folder = artifact
        if artifact.is_file():
            unpack(artifact, folder := scratch / "artifact")
        card = verify(folder)
        model = Model(card, OpenVinoEngine(folder, card), ServerSettings().max_image_pixels)
        model.check()
    except (ArtifactError, OSError) as error:
        raise KennelError(f"{artifact}: {error}") from None

    def ask(image: Path, top_k: int) -> Prediction:
        try:
            probabilities = model.predict(Images((image.read_bytes(),))).probabilities[0]
        except RequestError as error:
            raise KennelError(f"{image}: {error}") from None
        scored = tuple(
            ScoredLabel(card.labels[i], round(float(probabilities[i]), 7)) for i in top(probabilities, top_k)
        )
        return Prediction(card.name, card.version, scored[0].label, scored[0].probability, scored, str(artifact))

    return ask


def _print(image: Path, answer: Prediction) -> None:
    table = Table(
        box=None,
        show_header=False,
        title=Text(f"{shown(str(image))}  ({answer.model} {answer.version})"),
        title_justify="left",
    )
    for item in answer.predictions:
        bar = "█" * round(item.probability * BAR_WIDTH)
        table.add_row(item.label, f"{item.probability:7.2%}", f"[cyan]{bar}[/cyan]")
    console.print(table)
