"""The hyperparameters of `train.py`: one schema for the shell, the config, the plan and the tuning job.

SageMaker passes every value as a string; a categorical value of a tuning job may arrive in quotes (`'"64"'`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imgcls.contract.artifact import ARCHITECTURES

MAX_COUNT = 100
MAX_VALUE_CHARS = 2500
"""Limits of CreateTrainingJob on `HyperParameters`."""

Value = int | float | str | bool | dict


class HyperparameterError(ValueError):
    """A value that training would refuse; the message names the hyperparameter and what it may be."""


@dataclass(frozen=True)
class Hyperparameter:
    """One option of train.py. `kind` is int, float, str, bool or dict (JSON). `low` and `high` are inclusive."""

    name: str
    kind: type
    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    tunable: bool = False

    def parse(self, text: Any) -> Value:
        """The typed value of what the service or a shell passed. Raises HyperparameterError."""
        value = _unquote(text)
        try:
            parsed = _PARSERS[self.kind](value)
        except (ValueError, TypeError):
            raise HyperparameterError(f"{self.name} is {text!r}; it must be {_KIND_NAMES[self.kind]}") from None
        if self.choices and parsed not in self.choices:
            raise HyperparameterError(f"{self.name} is {parsed!r}; it must be one of {', '.join(self.choices)}")
        if isinstance(parsed, int | float) and not isinstance(parsed, bool) and not self._in_range(parsed):
            raise HyperparameterError(f"{self.name} is {parsed}; it must be {self._range()}")
        return parsed

    def format(self, value: Value) -> str:
        """The string that CreateTrainingJob carries. Raises HyperparameterError for a value that is out of range."""
        value = self.parse(value)
        text = json.dumps(value, sort_keys=True, separators=(",", ":")) if isinstance(value, dict) else str(value)
        text = text.lower() if isinstance(value, bool) else text
        if len(text) > MAX_VALUE_CHARS:
            raise HyperparameterError(
                f"{self.name} has {len(text)} characters; the service takes at most {MAX_VALUE_CHARS}"
            )
        return text

    def _in_range(self, value: float) -> bool:
        low = self.low if self.low is not None else float("-inf")
        high = self.high if self.high is not None else float("inf")
        return low <= value <= high

    def _range(self) -> str:
        if self.low is None:
            return f"at most {self.high}"
        return f"at least {self.low}" if self.high is None else f"between {self.low} and {self.high}"


def _unquote(value: Any) -> Any:
    if isinstance(value, str) and len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "1", "yes"):
        return True
    if str(value).lower() in ("false", "0", "no"):
        return False
    raise ValueError(value)


def _int(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _dict(value: Any) -> dict:
    parsed = json.loads(value) if isinstance(value, str) else dict(value)
    if not isinstance(parsed, dict):
        raise ValueError(value)
    return parsed


_PARSERS: dict[type, Any] = {int: _int, float: float, str: str, bool: _bool, dict: _dict}
_KIND_NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", dict: "a JSON object"}

HYPERPARAMETERS = (
    Hyperparameter("model-name", str, "model", "name of the model: its prefix below the endpoint's models"),
    Hyperparameter("architecture", str, "resnet18", "the network", choices=ARCHITECTURES),
    Hyperparameter("pretrained", bool, True, "start from torchvision's ImageNet weights in the weights channel"),
    Hyperparameter("freeze-backbone", bool, False, "train the new last layer only"),
    Hyperparameter(
        "head-epochs", int, 0, "first epochs that train the new last layer only", low=0, high=1000, tunable=True
    ),
    Hyperparameter(
        "backbone-lr-ratio",
        float,
        1.0,
        "learning rate of all but the last layer, as a share of lr",
        low=0.0,
        high=1.0,
        tunable=True,
    ),
    Hyperparameter("epochs", int, 8, "passes over the training split", low=1, high=1000, tunable=True),
    Hyperparameter("batch-size", int, 64, "images in a training batch", low=1, high=8192, tunable=True),
    Hyperparameter("test-batch-size", int, 128, "images in a validation batch", low=1, high=8192, tunable=True),
    Hyperparameter("lr", float, 0.01, "peak learning rate", low=1e-7, high=10.0, tunable=True),
    Hyperparameter(
        "optimizer", str, "sgd", "rule by which gradients change the weights", choices=("sgd", "adamw"), tunable=True
    ),
    Hyperparameter("momentum", float, 0.9, "momentum of sgd", low=0.0, high=0.9999, tunable=True),
    Hyperparameter("weight-decay", float, 5e-4, "pull of the weights towards zero", low=0.0, high=1.0, tunable=True),
    Hyperparameter(
        "label-smoothing", float, 0.0, "share of the target that goes to all classes", low=0.0, high=0.9, tunable=True
    ),
    Hyperparameter("warmup-epochs", float, 0.5, "epochs of linear warm-up before the cosine", low=0.0, high=100.0),
    Hyperparameter(
        "gradient-clipping", float, 0.0, "largest norm of a step's gradient; 0 clips nothing", low=0.0, tunable=True
    ),
    Hyperparameter(
        "accumulation-steps",
        int,
        1,
        "parts that a batch is computed in, to fit memory",
        low=1,
        high=1024,
    ),
    Hyperparameter(
        "class-weighting",
        str,
        "none",
        "answer to classes of unequal size: weigh the loss, or draw rare classes more",
        choices=("none", "loss", "sampler"),
        tunable=True,
    ),
    Hyperparameter("patience", int, 5, "epochs without improvement before training stops; 0 never stops", low=0),
    Hyperparameter(
        "augmentation", str, "standard", "changes to training images", choices=("none", "light", "standard")
    ),
    Hyperparameter(
        "train-precision", str, "fp32", "arithmetic of the forward and backward pass", choices=("fp32", "bf16")
    ),
    Hyperparameter("compile", bool, False, "compile the network with torch.compile; needs a GPU"),
    Hyperparameter(
        "feature-cache", bool, False, "with freeze-backbone: run the backbone once, train the last layer on its answers"
    ),
    Hyperparameter(
        "feature-views", int, 1, "views of each image in the feature cache, the first unchanged", low=1, high=64
    ),
    Hyperparameter("head-search", dict, {}, "search the last layer's hyperparameters over cached features"),
    Hyperparameter("seed", int, 1, "seed of every random choice", low=0, high=2**31 - 1, tunable=True),
    Hyperparameter("num-workers", int, -1, "loader threads; -1 means one a core", low=-1, high=256),
    Hyperparameter("debug", dict, {}, "steps between samples, thresholds and actions of the debugging rules"),
    Hyperparameter("profile", dict, {}, "which steps the profiler records: wait, warmup, active"),
    Hyperparameter("preprocessing", dict, {}, "resize, crop, mean, std"),
    Hyperparameter("serving", dict, {}, "response_format, precision"),
    Hyperparameter("labels", dict, {}, "class folder or label -> the label that answers carry"),
)
BY_NAME = {item.name: item for item in HYPERPARAMETERS}


def encode(values: Mapping[str, Any]) -> dict[str, str]:
    """`values` as CreateTrainingJob wants them: known names, all strings. Raises HyperparameterError."""
    return {name: lookup(name).format(value) for name, value in sorted(values.items())}


def decode(values: Mapping[str, Any]) -> dict[str, Value]:
    """The typed values of a job's hyperparameters. Raises HyperparameterError."""
    return {name: lookup(name).parse(value) for name, value in values.items()}


def lookup(name: str) -> Hyperparameter:
    if name not in BY_NAME:
        raise HyperparameterError(f"{name} is no hyperparameter; choose from {', '.join(BY_NAME)}")
    return BY_NAME[name]
