"""The published model, scored on the same images as the candidate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imgcls.artifacts import archives
from imgcls.contract.artifact import ARCHIVE, ModelCard
from imgcls.contract.evaluation import Score
from imgcls.data.folders import ImageFolder
from imgcls.evaluation.served_graph import Scorer


@dataclass(frozen=True)
class Champion:
    """`score` is None where there is nothing to compare with; `labels` as `Evaluation.published_labels`."""

    score: Score | None
    labels: str
    notes: tuple[str, ...] = ()


def score_champion(
    scorer: Scorer, folder: Path, unpacked: Path, candidate: ModelCard, test: ImageFolder, *, replace_labels: bool
) -> Champion:
    """Score the archive in `folder`, unpacked into `unpacked`, where it has the candidate's labels."""
    if not (folder / ARCHIVE).is_file():
        return Champion(None, "none")
    archives.unpack(folder / ARCHIVE, unpacked)
    card = archives.verify(unpacked)
    if set(card.labels) != set(candidate.labels):
        note = f"the published version {card.version} has other labels: it was not scored"
        return Champion(None, "replaced" if replace_labels else "other", (note,))
    return Champion(scorer.score(unpacked, folder / ARCHIVE, test)[1], "same")
