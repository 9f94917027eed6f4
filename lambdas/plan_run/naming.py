"""New models from the recipe of a configured one, and whether a name may get the labels of a data set. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lambdas.common.errors import Refused
from lambdas.plan_run.request import RunRequest

MAX_GROUP_CHARS = 63
"""Limit of a model package group's name."""
_SHOWN = 3


def with_new_models(specs: Mapping[str, Any], request: RunRequest) -> dict[str, Any]:
    """`specs` with an entry for each new model of the request. Raises Refused for a name that is too long."""
    models = dict(specs["models"])
    for name, recipe in request.recipes.items():
        if name != recipe:
            models[name] = _renamed(models[recipe], recipe, name)
    return {**specs, "models": models}


def _renamed(spec: Mapping[str, Any], recipe: str, name: str) -> dict[str, Any]:
    group = spec["package_group"].removesuffix(recipe) + name
    if len(group) > MAX_GROUP_CHARS:
        raise Refused(
            f"as.{recipe} is {name}, which makes the model package group {group}: it may have {MAX_GROUP_CHARS} "
            "characters, so choose a shorter name"
        )
    return {**spec, "package_group": group, "hyperparameters": {**spec["hyperparameters"], "model-name": name}}


def require_same_labels(model: str, published: Collection[str], uploaded: Collection[str], dataset: str) -> None:
    """Raises Refused if the published version of `model` has other labels than `dataset`."""
    gone, new = sorted(set(published) - set(uploaded)), sorted(set(uploaded) - set(published))
    if not gone and not new:
        return
    differences = [
        *([f"{dataset} lacks {shown(gone)}"] if gone else []),
        *([f"{model} lacks {shown(new)}"] if new else []),
    ]
    # The fix first: a failure's reason is cut where it is passed on.
    raise Refused(
        f"{model} is published with other labels than {dataset} has: train under another name with --as NAME, or "
        f"replace it with --replace-labels ({', and '.join(differences)})"
    )


def shown(labels: Collection[str]) -> str:
    """The first few, and how many more there are."""
    names = list(labels)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
