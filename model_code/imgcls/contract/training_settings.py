"""All that a training is told, parsed once: frozen groups of typed hyperparameters.

To add a hyperparameter, add its field to the group that it belongs to: the command line, the checks of configuration
and plan, the search space, the records and the identity of a run all read it from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, Self, get_type_hints

from imgcls.contract.artifact import ARCHITECTURES, Preprocessing
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.head_search import HeadSearch
from imgcls.contract.hyperparameter import Hyperparameter, HyperparameterError, Value, unknown
from imgcls.contract.model_serving import ModelServing
from imgcls.contract.optimization import Optimization
from imgcls.contract.profiling import ProfileSettings
from imgcls.contract.settings_group import Group, json_option, option


def read_labels(value: Mapping[str, Any]) -> dict[str, str]:
    """Raises HyperparameterError for a label that is not a text."""
    for name, label in value.items():
        if not isinstance(label, str):
            raise HyperparameterError(f"labels maps {name!r} to {label!r}; a label must be a text")
    return dict(value)


def read_head_search(value: Mapping[str, Any]) -> HeadSearch | None:
    """None, which searches nothing, for an empty object. Raises HyperparameterError."""
    return HeadSearch.from_dict(value) if value else None


@dataclass(frozen=True)
class Network(Group):
    """Which network is trained, and from where it starts."""

    title: ClassVar[str] = "network"

    architecture: str = option("resnet18", "the network", choices=ARCHITECTURES)
    pretrained: bool = option(True, "start from torchvision's ImageNet weights in the weights channel")
    freeze_backbone: bool = option(False, "train the new last layer only")


@dataclass(frozen=True)
class Data(Group):
    """What becomes of the images and their classes before the network sees them."""

    title: ClassVar[str] = "images and labels"

    preprocessing: Preprocessing = json_option(Preprocessing.from_dict, "resize, crop, mean, std")
    augmentation: Literal["none", "light", "standard"] = option("standard", "changes to training images")
    class_weighting: Literal["none", "loss", "sampler"] = option(
        "none", "class-imbalance handling: weigh the loss, or draw rare classes more often", tunable=True
    )
    labels: Mapping[str, str] = json_option(read_labels, "class folder or label -> the label in responses")
    test_batch_size: int = option(128, "images in a validation batch", low=1, high=8192, tunable=True, resume_safe=True)
    num_workers: int = option(-1, "loader threads; -1 means one per core", low=-1, high=256, resume_safe=True)


@dataclass(frozen=True)
class Head(Group):
    """Training the last layer alone, on features that the frozen backbone computed once."""

    title: ClassVar[str] = "head on cached features"

    feature_cache: bool = option(
        False, "with freeze-backbone: run the backbone once, train the last layer on its output"
    )
    feature_views: int = option(1, "views of each image in the feature cache, the first unchanged", low=1, high=64)
    head_search: HeadSearch | None = json_option(
        read_head_search, "search the last layer's hyperparameters over cached features"
    )


@dataclass(frozen=True)
class Records(Group):
    """What is recorded of the training."""

    title: ClassVar[str] = "records"

    debug: DebugSettings = json_option(
        DebugSettings.from_dict,
        "steps between samples, thresholds and actions of the debugging rules",
        resume_safe=True,
    )
    profile: ProfileSettings = json_option(
        ProfileSettings.from_dict, "which steps the profiler records: wait, warmup, active", resume_safe=True
    )


@dataclass(frozen=True)
class Artifact(Group):
    """What the model artifact says of the model."""

    title: ClassVar[str] = "model artifact"

    model_name: str = option("model", "name of the model: its prefix below the endpoint's models")
    serving: ModelServing = json_option(ModelServing.from_dict, "response_format, precision", resume_safe=True)


@dataclass(frozen=True)
class TrainingSettings:
    """One training's hyperparameters by group. `from_hyperparameters` and `to_hyperparameters` undo each other."""

    network: Network = field(default_factory=Network)
    optimization: Optimization = field(default_factory=Optimization)
    data: Data = field(default_factory=Data)
    head: Head = field(default_factory=Head)
    records: Records = field(default_factory=Records)
    artifact: Artifact = field(default_factory=Artifact)

    @classmethod
    def groups(cls) -> Mapping[str, type[Group]]:
        """Field -> group, in the order of `train.py --help`."""
        hints = get_type_hints(cls)
        return {group.name: hints[group.name] for group in fields(cls)}

    @classmethod
    def hyperparameters(cls) -> tuple[Hyperparameter, ...]:
        return tuple(item for group in cls.groups().values() for item in group.hyperparameters())

    @classmethod
    def from_hyperparameters(cls, values: Mapping[str, Any]) -> Self:
        """Those of a job, by hyperparameter name, as text or parsed. Raises HyperparameterError."""
        known = [item.name for item in cls.hyperparameters()]
        for name in values:
            if name not in known:
                raise unknown(name, known)
        made: dict[str, Any] = {name: group.from_hyperparameters(values) for name, group in cls.groups().items()}
        return cls(**made)

    def to_hyperparameters(self) -> dict[str, Value]:
        """The plain value of every hyperparameter, by name."""
        return {name: value for group in self._groups() for name, value in group.to_hyperparameters().items()}

    def identity(self) -> dict[str, Value]:
        """The hyperparameters that the weights depend on: only with the same ones can a training be resumed."""
        safe = {item.name for item in self.hyperparameters() if item.resume_safe}
        return {name: value for name, value in self.to_hyperparameters().items() if name not in safe}

    @property
    def debug(self) -> DebugSettings:
        """The debugging rules for this training: a loss that is weighted by class wants batches as they are."""
        weighted = self.data.class_weighting == "loss"
        return self.records.debug.without("class-imbalance") if weighted else self.records.debug

    def _groups(self) -> Iterator[Group]:
        return (getattr(self, name) for name in self.groups())
