"""The hyperparameter `serving`: how the trained model answers, and in which precision it is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from imgcls.contract.artifact import PRECISIONS, RESPONSE_FORMATS
from imgcls.contract.hyperparameter import HyperparameterError, check_names

_CHOICES = {"response_format": RESPONSE_FORMATS, "precision": PRECISIONS}


@dataclass(frozen=True)
class ModelServing:
    """`response_format` goes into model.json; `precision` is that of the graph that evaluation exports."""

    response_format: str = "full"
    precision: str = "fp32"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelServing:
        """Raises HyperparameterError for a name or a value that does not exist, with the choices."""
        check_names("serving", values, _CHOICES)
        for name, value in values.items():
            if value not in _CHOICES[name]:
                raise HyperparameterError(f"serving.{name} is {value!r}; it must be one of {', '.join(_CHOICES[name])}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
