"""What a promoted version can be compared with: the score of what is published here, on the same images, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.evaluation import Evaluation, Score
from lambdas.common import s3
from lambdas.common.errors import Refused
from lambdas.plan_run import naming


@dataclass(frozen=True)
class Published:
    """The version that is published. `labels` and `evaluation` are None for one that was staged without them."""

    version: str
    labels: tuple[str, ...] | None
    evaluation: Evaluation | None


def read_published(bucket: str, alias: Alias | None) -> Published | None:
    """None if nothing is published."""
    if alias is None:
        return None
    labels = s3.read(bucket, keys.labels(alias.current))
    scored = s3.read(bucket, keys.evaluation_of(alias.current))
    return Published(
        alias.current.split("/")[1],
        tuple(json.loads(labels[0])) if labels else None,
        Evaluation.from_dict(json.loads(scored[0])) if scored else None,
    )


def compared(
    candidate: Evaluation, published: Published | None, *, model: str, unmeasured: bool, replace_labels: bool
) -> Evaluation:
    """The candidate's evaluation as the quality gate of this environment must see it.

    The champion of where it comes from means nothing here. Raises Refused if the published version was scored on other
    images, unless `unmeasured`, and if it has other labels, unless `replace_labels`.
    """
    if published is None:
        return replace(candidate, champion=None, published_labels="none")
    if published.labels is not None and set(published.labels) != set(candidate.per_class):
        if not replace_labels:
            raise Refused(
                f"{model} is published with other labels than this version has: promote with --replace-labels if "
                f"callers expect that ({_difference(set(published.labels), set(candidate.per_class))})"
            )
        return replace(candidate, champion=None, published_labels="replaced")
    champion = next(_scores(candidate, published), None)
    if champion is None and not unmeasured:
        raise Refused(
            f"the published version {published.version} of {model} was not scored on the images that this version was "
            "scored on, so nobody knows which is better: publish from one data set in both environments, or promote "
            "with --unmeasured"
        )
    return replace(candidate, champion=champion, published_labels="same")


def _scores(candidate: Evaluation, published: Published) -> Iterator[Score]:
    """Scores of the published version on the candidate's test images."""
    # It was the champion where the candidate was evaluated, too.
    if candidate.champion is not None and candidate.champion.version == published.version:
        yield candidate.champion
    scored = published.evaluation
    if scored is not None and scored.manifest_id and scored.manifest_id == candidate.manifest_id:
        yield Score(**{field.name: getattr(scored, field.name) for field in fields(Score)})


def _difference(published: set[str], brought: set[str]) -> str:
    gone, new = sorted(published - brought), sorted(brought - published)
    differences = [
        *([f"the published version has {naming.shown(gone)}, which this version lacks"] if gone else []),
        *([f"this version has {naming.shown(new)}, which the published version lacks"] if new else []),
    ]
    return ", and ".join(differences)
