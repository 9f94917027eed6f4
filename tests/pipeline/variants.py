"""Configurations that differ from an environment's in a few values."""

from __future__ import annotations

from typing import Any

import config
from config.app import AppConfig

TUNED = "dog-breed-classifier"


def variant(environment: str = "dev", *, tuning: dict[str, Any] | None = None, **training: Any) -> AppConfig:
    """`environment` with other values of `training`, and of the search of TUNED."""
    values = config.load(environment).model_dump()
    values["training"] |= training
    for model in values["models"]:
        if model["name"] == TUNED and tuning:
            model["tuning"] |= tuning
    return AppConfig.model_validate(values)


HYPERBAND = {"strategy": "Hyperband", "search_space": {"lr": {"kind": "continuous", "low": 0.001, "high": 0.1}}}
