"""Whether the server would serve an archive: every rule in the order in which the server meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imgcls.artifacts.archives import unpack, verify
from imgcls.artifacts.graph_file import check_locations
from imgcls.contract.artifact import GRAPHS, MODEL_JSON, ArtifactError, ModelCard, read_card
from kennel.conformance.result import CheckResult


def lint(archive: Path, scratch: Path) -> list[CheckResult]:
    """The rules up to the first that is broken, because the later ones rest on the earlier. `scratch` is for files."""
    results: list[CheckResult] = []
    try:
        for name, detail in _rules(archive, scratch / "artifact"):
            results.append(CheckResult(name, True, detail))
    except (ArtifactError, OSError) as error:
        results.append(CheckResult(_NAMES[len(results)], False, str(error)))
    return results


_NAMES = (
    "unpacks within the limits, plain files only",
    f"{MODEL_JSON} is readable",
    "every file is listed and has its hash",
    "the graph takes weights from its own file alone",
    "the graph answers with one finite number per label",
)


def _rules(archive: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """(name, what was seen) of each rule that holds. Raises ArtifactError at the first that does not."""
    if archive.is_dir():
        folder = archive
    else:
        unpack(archive, folder)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    yield _NAMES[0], f"{len(files)} files"
    card = read_card(folder)
    yield _NAMES[1], f"{card.name} {card.version}, {card.architecture}, {len(card.labels)} labels, {card.precision}"
    verify(folder)
    if unlisted := set(files) - set(card.files) - {MODEL_JSON}:
        raise ArtifactError(f"{MODEL_JSON} does not list {', '.join(sorted(unlisted))}")
    yield _NAMES[2], f"{len(card.files)} hashes"
    graph = GRAPHS[card.precision]
    if graph not in card.files:
        raise ArtifactError(f"precision {card.precision} needs {graph}, which the artifact lacks")
    check_locations(folder / graph, card.files)
    yield _NAMES[3], graph
    yield _NAMES[4], _answer(folder, card)


def _answer(folder: Path, card: ModelCard) -> str:
    from imgcls.serving.engine import OpenVinoEngine

    side = card.preprocessing.crop
    logits = OpenVinoEngine(folder, card)(np.full((1, side, side, 3), 128, np.uint8))
    if not np.isfinite(logits).all():
        raise ArtifactError("the graph answers a grey image with values that are not numbers")
    return f"a grey image is called {card.labels[int(logits.argmax())]}"
