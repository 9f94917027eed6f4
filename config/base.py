"""The base of every config model: frozen, no unknown fields. Aliases of fields are the words of `kennel.yaml`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

LOCAL_ACCOUNT, LOCAL_REGION = "123456789012", "us-east-1"
"""The only account and region of the local cloud."""


class Config(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )


class ConfigError(ValueError):
    """A configuration that must not be deployed. The message is one sentence per line; each names its field."""


class OneOf:
    """Marks a text that must be one of `choices`, a table that stands elsewhere: `Annotated[str, OneOf(TABLE)]`."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = tuple(choices)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.choices))


def nearest(word: str, choices: Iterable[str]) -> str:
    """`did you mean network?` where one of `choices` is close, else `choose from ...`."""
    known = list(choices)
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}"
