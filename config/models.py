"""A model: its network, data set, hyperparameters, search space, precision and response format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from config.base import Config, OneOf, nearest
from imgcls.contract import combinations, hyperparameters, keys, metrics
from imgcls.contract.artifact import ARCHITECTURES, PRECISIONS, RESPONSE_FORMATS, Preprocessing
from imgcls.contract.training_settings import TrainingSettings


class PreprocessingSpec(Config):
    """See `imgcls.contract.artifact.Preprocessing`. Pixels."""

    resize: int = 256
    """The shorter side is resized to this."""
    crop: int = 224
    """The centre of this width and height is kept."""
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Of red, green and blue in 0..1, subtracted."""
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """Of the same, by which is divided."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        Preprocessing.from_dict(self.model_dump())
        return self


SCALES = {"auto": "Auto", "linear": "Linear", "log": "Logarithmic", "reverse-log": "ReverseLogarithmic"}
"""What a project file says -> the service's word."""
Scaling = Annotated[str, OneOf(tuple(SCALES.values())), BeforeValidator(lambda value: SCALES.get(value, value))]


class NumericRange(Config):
    """Both ends are tried. `scaling` says where between them the search looks more closely."""

    low: float
    high: float
    scaling: Scaling = Field(default="Auto", alias="scale")
    """Where between them the search looks more closely: auto, linear, log or reverse-log."""

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
    values: tuple[Annotated[str, BeforeValidator(str)], ...] = Field(min_length=2, max_length=30)
    """The values that are tried."""


Range = Annotated[Continuous | Integer | Categorical, Field(discriminator="kind")]

UNTRAINED = ("simple_cnn",)
"""Networks without pretrained weights."""
_FIELD_OF = {
    "model-name": "name", "architecture": "network", "pretrained": "weights", "preprocessing": "image",
    "serving": "precision and answer", "labels": "data set",
}  # fmt: skip
"""Hyperparameters that fields of the model or its data set say."""


class TuningSpec(Config):
    """The search of a model's hyperparameters. `search_space` maps a hyperparameter to its range.

    `min_epochs`: what Hyperband gives every trial before it stops the weaker ones; the best get the model's `epochs`.
    `warm_start`: go on from the trials of the search behind the published version, where there is one.
    """

    search_space: dict[str, Range] = Field(alias="space")
    """Hyperparameter -> its range: `low`, `high` and `scale`, or `values`."""
    strategy: Literal["Bayesian", "Random", "Grid", "Hyperband"] = "Bayesian"
    """How the next trials are chosen."""
    objective: str = metrics.OBJECTIVE
    """What a trial is judged by."""
    max_jobs: int = Field(default=8, ge=1, le=500)
    """Trials in all."""
    max_parallel_jobs: int = Field(default=2, ge=1, le=100)
    """Trials at a time."""
    max_runtime_seconds: int = Field(default=4 * 3600, ge=120, le=2592000)
    """Of the whole search."""
    early_stopping: Literal["Off", "Auto"] = "Off"
    """Auto: the service stops trials that fall behind."""
    min_epochs: int = Field(default=1, ge=1)
    """With Hyperband: what every trial gets before the weaker ones are stopped."""
    warm_start: bool = False
    """Go on from the trials behind the published version."""
    seed: int = Field(default=1, ge=0)
    """Of the choice of trials."""

    @field_validator("search_space", mode="before")
    @classmethod
    def _kinds(cls, value: Any) -> Any:
        """A range says by its hyperparameter and its keys of which kind it is."""
        if not isinstance(value, Mapping):
            return value
        return {name: _with_kind(name, space) if isinstance(space, Mapping) else space for name, space in value.items()}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.search_space:
            raise ValueError("space is empty: name at least one hyperparameter, or leave search out")
        for name, space in self.search_space.items():
            item = hyperparameters.BY_NAME.get(name)
            if item is None or not item.tunable:
                tunable = [h.name for h in hyperparameters.HYPERPARAMETERS if h.tunable]
                raise ValueError(f"space.{name} cannot be searched; {nearest(name, tunable)}")
            for value in space.values if isinstance(space, Categorical) else (space.low, space.high):
                item.parse(value)
        objective = next((m for m in metrics.METRICS if m.name == self.objective), None)
        if objective is None or objective.goal is None or not self.objective.startswith("validation:"):
            raise ValueError(f"objective is {self.objective}; it must be validation:accuracy or validation:loss")
        if self.max_parallel_jobs > self.max_jobs:
            raise ValueError(f"max_parallel_jobs ({self.max_parallel_jobs}) is above max_jobs ({self.max_jobs})")
        if self.strategy == "Hyperband" and "epochs" in self.search_space:
            raise ValueError("strategy Hyperband chooses the epochs itself: take epochs out of space")
        if self.strategy == "Hyperband" and self.early_stopping == "Auto":
            raise ValueError("strategy Hyperband stops trials itself: set early_stopping to Off")
        if self.warm_start and self.strategy in ("Hyperband", "Grid"):
            raise ValueError(f"warm_start is not available with strategy {self.strategy}: use Bayesian or Random")
        if self.strategy == "Grid" and not all(isinstance(s, Categorical) for s in self.search_space.values()):
            raise ValueError("strategy Grid takes categorical ranges only: list the values, or use Random")
        return self

    @property
    def goal(self) -> str:
        return next(m.goal for m in metrics.METRICS if m.name == self.objective and m.goal)


class ModelSpec(Config):
    """One model. `hyperparameters` are those of train.py that are not said by another field."""

    name: str
    architecture: Annotated[str, OneOf(ARCHITECTURES)] = Field(alias="network")
    """What is trained."""
    dataset: str
    """The data set that it is trained on unless a run names another."""
    weights: Literal["none", "imagenet"] = "imagenet"
    """What training starts from. Networks of which there are no pretrained weights start from none."""
    preprocessing: PreprocessingSpec = Field(default=PreprocessingSpec(), alias="image")
    """The same at training, evaluation and serving. Pixels."""
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    """Those of train.py, by name."""
    tuning: TuningSpec | None = Field(default=None, alias="search")
    """The search before a training; without it none."""
    precision: Annotated[str, OneOf(PRECISIONS)] = "fp32"
    """What the endpoint computes in."""
    response_format: Annotated[str, OneOf(RESPONSE_FORMATS)] = Field(default="full", alias="answer")
    """Label, probability and all labels; the probabilities alone; or one field per label."""

    @model_validator(mode="before")
    @classmethod
    def _default_weights(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "weights" not in value:
            network = value.get("network", value.get("architecture"))
            return {**value, "weights": "none" if network in UNTRAINED else "imagenet"}
        return value

    @field_validator("name")
    @classmethod
    def _name_is_a_key(cls, value: str) -> str:
        if not keys.NAME.fullmatch(value):
            raise ValueError(f"{value!r} is not a model name: use lower case letters, digits and hyphens")
        return value

    @field_validator("hyperparameters")
    @classmethod
    def _hyperparameters_are_known(cls, values: dict[str, Any]) -> dict[str, Any]:
        taken = sorted(set(_FIELD_OF) & set(values))
        if taken:
            raise ValueError(f"{taken[0]} is set by the model's own {_FIELD_OF[taken[0]]}: leave it out here")
        unknown = next((name for name in values if name not in hyperparameters.BY_NAME), None)
        if unknown is not None:
            raise ValueError(f"{unknown} is not a hyperparameter; {nearest(unknown, hyperparameters.BY_NAME)}")
        hyperparameters.encode(values)
        return values

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.architecture in UNTRAINED and self.pretrained:
            raise ValueError(f"weights: there are no pretrained weights of {self.architecture}; set weights to none")
        if self.tuning and self.tuning.strategy == "Hyperband" and self.tuning.min_epochs >= self.epochs:
            raise ValueError(
                f"search.min_epochs ({self.tuning.min_epochs}) must be below the epochs of {self.name} "
                f"({self.epochs}): strategy Hyperband gives the best trials more of them than the others"
            )
        searched = self.tuning.search_space if self.tuning else {}
        static = {name: value for name, value in self.static_hyperparameters({}).items() if name not in searched}
        combinations.check(TrainingSettings.from_hyperparameters(static))
        return self

    @property
    def pretrained(self) -> bool:
        return self.weights == "imagenet"

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


def _with_kind(name: str, space: Mapping[str, Any]) -> dict[str, Any]:
    if "kind" in space:
        return dict(space)
    if "values" in space:
        return {"kind": "categorical", **space}
    known = hyperparameters.BY_NAME.get(name)
    return {"kind": "integer" if known and known.kind is int else "continuous", **space}
