"""A model: its network, data set, hyperparameters, search space, precision and response format."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from config.base import Config
from imgcls.contract import hyperparameters, json_hyperparameters, keys, metrics
from imgcls.contract.artifact import Preprocessing


class PreprocessingSpec(Config):
    """See `imgcls.contract.artifact.Preprocessing`. Pixels."""

    resize: int = 256
    crop: int = 224
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        Preprocessing.from_dict(self.model_dump())
        return self


class NumericRange(Config):
    """Both ends are tried. `scaling` says where between them the search looks more closely."""

    low: float
    high: float
    scaling: Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"] = "Auto"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        if self.scaling == "Logarithmic" and self.low <= 0:
            raise ValueError(f"low ({self.low}) must be above 0 for logarithmic scaling")
        return self


class Continuous(NumericRange):
    kind: Literal["continuous"] = "continuous"


class Integer(NumericRange):
    kind: Literal["integer"] = "integer"
    low: int
    high: int


class Categorical(Config):
    kind: Literal["categorical"] = "categorical"
    values: tuple[str, ...] = Field(min_length=2, max_length=30)


Range = Continuous | Integer | Categorical


class TuningSpec(Config):
    """The search of a model's hyperparameters. `search_space` maps a hyperparameter to its range.

    `min_epochs`: what Hyperband gives every trial before it stops the weaker ones; the best get the model's `epochs`.
    `warm_start`: go on from the trials of the search behind the published version, where there is one.
    """

    search_space: dict[str, Range]
    strategy: Literal["Bayesian", "Random", "Grid", "Hyperband"] = "Bayesian"
    objective: str = metrics.OBJECTIVE
    max_jobs: int = Field(default=8, ge=1, le=500)
    max_parallel_jobs: int = Field(default=2, ge=1, le=100)
    max_runtime_seconds: int = Field(default=4 * 3600, ge=120, le=2592000)
    early_stopping: Literal["Off", "Auto"] = "Off"
    min_epochs: int = Field(default=1, ge=1)
    warm_start: bool = False
    seed: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.search_space:
            raise ValueError("search_space is empty: name at least one hyperparameter, or leave tuning out")
        for name, space in self.search_space.items():
            item = hyperparameters.lookup(name)
            if not item.tunable:
                tunable = [h.name for h in hyperparameters.HYPERPARAMETERS if h.tunable]
                raise ValueError(f"search_space.{name} cannot be tuned; choose from {', '.join(tunable)}")
            for value in space.values if isinstance(space, Categorical) else (space.low, space.high):
                item.parse(value)
        objective = next((m for m in metrics.METRICS if m.name == self.objective), None)
        if objective is None or objective.goal is None or not self.objective.startswith("validation:"):
            raise ValueError(f"objective is {self.objective}; it must be validation:accuracy or validation:loss")
        if self.max_parallel_jobs > self.max_jobs:
            raise ValueError(f"max_parallel_jobs ({self.max_parallel_jobs}) is above max_jobs ({self.max_jobs})")
        if self.strategy == "Hyperband" and "epochs" in self.search_space:
            raise ValueError("strategy Hyperband chooses the epochs itself: take epochs out of search_space")
        if self.strategy == "Hyperband" and self.early_stopping == "Auto":
            raise ValueError("strategy Hyperband stops trials itself: set early_stopping to Off")
        if self.warm_start and self.strategy in ("Hyperband", "Grid"):
            raise ValueError(f"warm_start cannot be had with strategy {self.strategy}: use Bayesian or Random")
        if self.strategy == "Grid" and not all(isinstance(s, Categorical) for s in self.search_space.values()):
            raise ValueError("strategy Grid takes categorical ranges only: list the values, or use Random")
        return self

    @property
    def goal(self) -> str:
        return next(m.goal for m in metrics.METRICS if m.name == self.objective and m.goal)


class ModelSpec(Config):
    """One model. `hyperparameters` are those of train.py that are not said by another field."""

    name: str
    architecture: Literal["simple_cnn", "resnet18", "resnet50", "mobilenet_v3_small", "mobilenet_v3_large"]
    dataset: str
    pretrained: bool = True
    preprocessing: PreprocessingSpec = PreprocessingSpec()
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    tuning: TuningSpec | None = None
    precision: Literal["fp32", "bf16", "int8"] = "fp32"
    response_format: Literal["full", "array", "named"] = "full"

    @field_validator("name")
    @classmethod
    def _name_is_a_key(cls, value: str) -> str:
        if not keys.NAME.fullmatch(value):
            raise ValueError(f"{value!r} is no model name: use lower case letters, digits and hyphens")
        return value

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.architecture == "simple_cnn" and self.pretrained:
            raise ValueError(
                f"pretrained: there are no pretrained weights of simple_cnn; set pretrained=False for {self.name}"
            )
        taken = {"model-name", "architecture", "pretrained", "preprocessing", "serving", "labels"} & set(
            self.hyperparameters
        )
        if taken:
            raise ValueError(f"hyperparameters holds {sorted(taken)}, which the model's own fields set")
        hyperparameters.encode(self.hyperparameters)
        json_hyperparameters.check(self.hyperparameters)
        if self.tuning and self.tuning.strategy == "Hyperband" and self.tuning.min_epochs >= self.epochs:
            raise ValueError(
                f"tuning.min_epochs ({self.tuning.min_epochs}) must be below the epochs of {self.name} "
                f"({self.epochs}): strategy Hyperband gives the best trials more of them than the others"
            )
        return self

    @property
    def epochs(self) -> int:
        """What a training takes at most, unless a search or a run says otherwise."""
        return int(self.hyperparameters.get("epochs", hyperparameters.lookup("epochs").default))

    def static_hyperparameters(self, labels: dict[str, str]) -> dict[str, str]:
        """Everything CreateTrainingJob gets, as strings. `labels` are the data set's renames."""
        return hyperparameters.encode(
            {
                **self.hyperparameters,
                "model-name": self.name,
                "architecture": self.architecture,
                "pretrained": self.pretrained,
                "preprocessing": self.preprocessing.model_dump(mode="json"),
                "serving": {"response_format": self.response_format, "precision": self.precision},
                "labels": labels,
            }
        )
