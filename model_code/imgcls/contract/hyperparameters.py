"""The hyperparameters of `train.py` as one flat table by name: for the config, the plan, a run's input, a tuning job.

`training_settings` declares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imgcls.contract.hyperparameter import Hyperparameter, HyperparameterError, Value, unknown
from imgcls.contract.training_settings import TrainingSettings

__all__ = ["BY_NAME", "HYPERPARAMETERS", "HyperparameterError", "decode", "encode", "lookup"]

HYPERPARAMETERS = TrainingSettings.hyperparameters()
BY_NAME = {item.name: item for item in HYPERPARAMETERS}


def encode(values: Mapping[str, Any]) -> dict[str, str]:
    """`values` as CreateTrainingJob wants them: known names, all strings. Raises HyperparameterError."""
    return {name: lookup(name).format(value) for name, value in sorted(values.items())}


def decode(values: Mapping[str, Any]) -> dict[str, Value]:
    """The plain values of a job's hyperparameters. Raises HyperparameterError."""
    return {name: lookup(name).parse(value) for name, value in values.items()}


def lookup(name: str) -> Hyperparameter:
    """Raises HyperparameterError for a name that does not exist, with the choices."""
    if name not in BY_NAME:
        raise unknown(name, BY_NAME)
    return BY_NAME[name]
