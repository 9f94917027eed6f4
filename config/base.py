"""The base of every config model: frozen, no unknown fields, messages that name the field and the fix."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ConfigError(ValueError):
    """A configuration that must not be deployed. The message is one sentence a line, each naming its field."""


def explain(error: ValidationError) -> ConfigError:
    """The same findings without pydantic's decoration: `endpoint.max_instances: ...`."""
    lines = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        lines.append(f"{where}: {message}" if where else message)
    return ConfigError("\n".join(lines))
