"""`plan.json`: the resolved specs of a run, an input of its processing jobs.

`{"dataset": {...}, "models": {name: {"name","architecture","preprocessing","serving","labels","replace_labels"}}}`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.dataset import DatasetSettings


@dataclass(frozen=True)
class ModelSettings:
    """What a model is beyond its hyperparameters. `labels` renames class folders, as the data set says.

    `replace_labels`: what is published under its name may have other labels.
    """

    name: str
    architecture: str
    preprocessing: Preprocessing
    response_format: str
    precision: str
    labels: Mapping[str, str] = field(default_factory=dict)
    replace_labels: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "architecture": self.architecture,
            "preprocessing": self.preprocessing.to_dict(),
            "serving": {"response_format": self.response_format, "precision": self.precision},
            "labels": dict(self.labels),
            "replace_labels": self.replace_labels,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ModelSettings:
        return cls(
            name=value["name"],
            architecture=value["architecture"],
            preprocessing=Preprocessing.from_dict(value["preprocessing"]),
            response_format=value["serving"]["response_format"],
            precision=value["serving"]["precision"],
            labels=dict(value["labels"]),
            replace_labels=value.get("replace_labels", False),
        )


@dataclass(frozen=True)
class PlanFile:
    """The whole document."""

    dataset: DatasetSettings
    models: Mapping[str, ModelSettings]

    def to_dict(self) -> dict[str, Any]:
        models = {name: model.to_dict() for name, model in self.models.items()}
        return {"dataset": self.dataset.to_dict(), "models": models}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> PlanFile:
        """Raises KeyError, DatasetError or ArtifactError for a document that is not a plan."""
        models = {name: ModelSettings.from_dict(model) for name, model in value["models"].items()}
        return cls(DatasetSettings.from_dict(value["dataset"]), models)
