"""The published model, scored on the same images as the candidate."""

from __future__ import annotations

from pathlib import Path

from imgcls.artifacts import archives
from imgcls.contract.artifact import ARCHIVE, ModelCard
from imgcls.contract.evaluation import Score
from imgcls.data.folders import ImageFolder
from imgcls.evaluation.served_graph import Scorer


def score_champion(
    scorer: Scorer, folder: Path, unpacked: Path, candidate: ModelCard, test: ImageFolder
) -> tuple[Score | None, list[str]]:
    """The score of the archive in `folder`, unpacked into `unpacked`, or None and notes that say why there is none."""
    if not (folder / ARCHIVE).is_file():
        return None, []
    archives.unpack(folder / ARCHIVE, unpacked)
    card = archives.verify(unpacked)
    if set(card.labels) != set(candidate.labels):
        return None, [f"the published version {card.version} has other classes: it was not scored"]
    return scorer.score(unpacked, folder / ARCHIVE, test)[1], []
