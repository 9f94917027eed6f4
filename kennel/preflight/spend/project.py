"""The project that is deployed for it: the user's account and region, one small network on drawn pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config.app import AppConfig
from kennel.workspace import clone

ENVIRONMENT, DATASET, MODEL = "smoke", "smoke", "smoke"
INSTANCE = "ml.m5.large"
CLASSES, PER_CLASS, SEED = 2, 40, 6
_JOB = {"instance_type": INSTANCE, "max_runtime_seconds": 1800, "fallback_instance_types": []}
TRIALS = 2


def document(config: AppConfig) -> dict[str, Any]:
    """The project file, which is for whoever has to clean up by hand, too."""
    return {
        "project": config.project,
        "environments": {ENVIRONMENT: _environment(config)},
        "datasets": {DATASET: {"layout": "classes", "split": {"train": 0.6, "validation": 0.2, "test": 0.2}}},
        "models": {
            MODEL: {
                "network": "simple_cnn",
                "dataset": DATASET,
                "weights": "none",
                "image": {"resize": 40, "crop": 36},
                "hyperparameters": {"epochs": 4, "batch-size": 16, "augmentation": "light", "lr": 0.003},
                "search": {
                    "space": {"lr": {"low": 0.001, "high": 0.01, "scale": "log"}},
                    "max_jobs": TRIALS,
                    "max_parallel_jobs": 1,
                    "max_runtime_seconds": 2 * _JOB["max_runtime_seconds"],  # type: ignore[operator]
                },
            }
        },
    }


def _environment(config: AppConfig) -> dict[str, Any]:
    local = config.cloud == "local"
    place = {} if local else {"account": config.account, "region": config.region}
    # Those of a laptop stand in for images that an environment in the local cloud would build.
    images = (
        {}
        if local and config.images.source == "codebuild"
        else {"images": config.images.model_dump(mode="json", exclude_none=True)}
    )
    return {
        "preset": "laptop" if local else "small",
        **place,
        "preparation": _JOB,
        "training": _JOB,
        "evaluation": _JOB,
        "spot": {"enabled": False},
        # It publishes whatever comes out: what is tested is the way, not the model.
        "pipeline": {"gate": {"min_accuracy": 0.0, "min_fp32_agreement": 0.0, "max_latency_ms": 60000}},
        "endpoint": {"instance_type": INSTANCE, "min_instances": 1, "max_instances": 1, "enabled": False},
        **images,
        **_network(config),
    }


def _network(config: AppConfig) -> dict[str, Any]:
    """An existing VPC is where jobs will run, and perhaps the only place where they may."""
    if config.network.vpc_id is None:
        return {}
    names = ("vpc_id", "subnet_ids", "security_group_ids")
    return {"network": config.network.model_dump(mode="json", include=set(names))}


def write(config: AppConfig) -> Path:
    """The project file's path. It stays, so that `kennel destroy` finds what a killed run left."""
    folder = clone.home() / "smoke" / config.prefix
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "kennel.yaml"
    path.write_text(json.dumps(document(config), indent=1) + "\n")  # JSON is YAML
    return path
