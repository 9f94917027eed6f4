"""Kennel: image classification on Amazon SageMaker as code.

`ImageClassifier` is all that pip installs. In a clone there is also `Project`, the configuration of a `kennel.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kennel.client.classifier import ImageClassifier, Prediction, ScoredLabel
from kennel.errors import KennelError

if TYPE_CHECKING:
    from config.project_file.project import Project

__all__ = ["ImageClassifier", "KennelError", "Prediction", "Project", "ScoredLabel"]


def __getattr__(name: str) -> Any:
    """`Project` is loaded on use: the client alone does not have what it needs."""
    if name != "Project":
        raise AttributeError(f"module 'kennel' has no attribute {name!r}")
    try:
        from config.project_file.project import Project
    except ModuleNotFoundError as error:
        raise KennelError("kennel.Project needs a clone of the repository; pip installs the client alone") from error
    return Project
