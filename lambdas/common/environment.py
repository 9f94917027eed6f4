"""A function's environment as one frozen dataclass: the stack writes it, the handler reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self


class FunctionEnvironment:
    """Base of frozen dataclasses: one variable per field, in capitals; strings as they are, other values as JSON."""

    def to_environment(self) -> dict[str, str]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return {name.upper(): value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises KeyError naming the missing variables that do not have a default."""
        values: dict[str, Any] = {}
        for f in fields(cls):  # type: ignore[arg-type]
            text = environment.get(f.name.upper())
            if text is not None:
                values[f.name] = text if f.type == "str" else json.loads(text)
        try:
            return cls(**values)
        except TypeError:
            missing = sorted({f.name.upper() for f in fields(cls)} - set(environment))  # type: ignore[arg-type]
            raise KeyError(f"the function's environment lacks {', '.join(missing)}") from None
