"""Configurations that differ from an environment in a few values."""

from __future__ import annotations

from typing import Any

import config
from config.app import AppConfig

TUNED = "dog-breed-classifier"


def variant(environment: str = "dev", *, tuning: dict[str, Any] | None = None, **changes: Any) -> AppConfig:
    """`environment` with other values, such as `pipeline={"tune": False}`, and another search for TUNED."""
    values = config.load(environment).model_dump()
    for part, change in changes.items():
        values[part] = {**values[part], **change} if isinstance(change, dict) else change
    for model in values["models"]:
        if model["name"] == TUNED and tuning:
            model["tuning"] |= tuning
    return AppConfig.model_validate(values)


HYPERBAND = {"strategy": "Hyperband", "search_space": {"lr": {"kind": "continuous", "low": 0.001, "high": 0.1}}}
