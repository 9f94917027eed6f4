"""No ordinary update changes or takes away what one stack exports to another, in any environment."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import config
from config import base_images
from config.app import AppConfig
from config.platform import ImagesConfig
from pipeline import functions
from stacks.constructs import assets
from tests.stacks.assemblies import ENVIRONMENTS, VARIANTS, assembly, synthesize
from tests.stacks.assemblies import settings as settings_of

Change = Callable[[AppConfig, pytest.MonkeyPatch], AppConfig]


def exported(folder: Path) -> dict[str, tuple[str, str]]:
    """Name of the export -> its value, and the type of the resource that it refers to."""
    found = {}
    for path in folder.glob("*.template.json"):
        template = json.loads(path.read_text())
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                name = next(part for part in _texts(output["Value"]) if part in template["Resources"])
                found[output["Export"]["Name"]] = (json.dumps(output["Value"]), template["Resources"][name]["Type"])
    return found


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else [value]


def part(name: str, **values: Any) -> Change:
    """Another value in one part of the configuration."""

    def change(settings: AppConfig, _: pytest.MonkeyPatch) -> AppConfig:
        changed = getattr(settings, name).model_copy(update=values)
        return settings.model_copy(update={name: changed})

    return change


def serving_code(settings: AppConfig, patch: pytest.MonkeyPatch) -> AppConfig:
    _more_sources(patch, "_files", ("serve.py", b"changed"))
    return settings


def training_code(settings: AppConfig, patch: pytest.MonkeyPatch) -> AppConfig:
    _more_sources(patch, "job_sources", ("train.py", b"changed"))
    return settings


def lambda_code(settings: AppConfig, patch: pytest.MonkeyPatch) -> AppConfig:
    _more_sources(patch, "function_sources", ("lambdas/common/more.py", b"changed"))
    return settings


def _more_sources(patch: pytest.MonkeyPatch, name: str, source: tuple[str, bytes]) -> None:
    before = getattr(assets, name)
    patch.setattr(assets, name, lambda *arguments: itertools.chain(before(*arguments), [source]))


def base_image(settings: AppConfig, patch: pytest.MonkeyPatch) -> AppConfig:
    digests = dict.fromkeys(base_images.needed(settings), f"sha256:{'1' * 64}")
    patch.setattr(base_images, "read_lock", lambda: digests)
    return settings


def given_images(settings: AppConfig, _: pytest.MonkeyPatch) -> AppConfig:
    uri = "210987654321.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    return settings.model_copy(update={"images": ImagesConfig(source="uri", jobs_uri=uri, serving_uri=uri)})


def model_removed(settings: AppConfig, _: pytest.MonkeyPatch) -> AppConfig:
    first = settings.models[0].name
    names = tuple(name for name in settings.default_models if name != first)
    pipeline = settings.pipeline.model_copy(update={"default_models": names})
    return settings.model_copy(update={"models": settings.models[1:], "pipeline": pipeline})


def model_added(settings: AppConfig, _: pytest.MonkeyPatch) -> AppConfig:
    another = settings.models[0].model_copy(update={"name": "another"})
    return settings.model_copy(update={"models": (*settings.models, another)})


def no_user_of_the_key_id(settings: AppConfig, patch: pytest.MonkeyPatch) -> AppConfig:
    """Volumes of the endpoint and Studio's domain are all that names the key by its id."""
    local_disks = part("endpoint", instance_type="ml.m5d.xlarge")(settings, patch)
    return part("studio", enabled=False)(local_disks, patch)


def function_renamed(settings: AppConfig, patch: pytest.MonkeyPatch) -> AppConfig:
    patch.setattr(functions, "SMOKE_TEST", dataclasses.replace(functions.SMOKE_TEST, folder="smoke_check"))
    return settings


CHANGES: dict[str, Change] = {
    "serving code": serving_code,
    "training code": training_code,
    "lambda code": lambda_code,
    "base image": base_image,
    "pytorch version": part("images", pytorch_version="2.12"),
    "rebuild": part("images", rebuild="2026-12"),
    "given images": given_images,
    "alarm": part("monitoring", p99_latency_ms=10.0),
    "endpoint's instance type": part("endpoint", instance_type="ml.c7i.2xlarge"),
    "local disks and no studio": no_user_of_the_key_id,
    "training's instance type": part("training", instance_type="ml.m5.xlarge"),
    "endpoint off": part("endpoint", enabled=False),
    "endpoint not isolated": part("endpoint", isolate=False),
    "studio off": part("studio", enabled=False),
    "flow logs off": part("network", flow_logs=False),
    "model added": model_added,
    "model removed": model_removed,
    "function renamed": function_renamed,
}


@functools.cache
def unchanged(environment: str) -> dict[str, tuple[str, str]]:
    return exported(assembly(environment))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "environment", ["dev", *(pytest.param(name, marks=pytest.mark.slow) for name in ("local", "prod", *VARIANTS))]
)
def test_an_update_changes_no_export(
    environment: str, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = unchanged(environment)
    settings = CHANGES[change](settings_of(environment), monkeypatch)
    after = exported(synthesize(settings, tmp_path, rule_packs=False))
    assert before and {name: after.get(name) for name in before} == before


def test_the_changes_change_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of those whose effect on the templates is not plain from the configuration."""
    for name in ("serving code", "training code", "lambda code", "base image", "function renamed"):
        with monkeypatch.context() as patch:
            settings = CHANGES[name](config.load("dev"), patch)
            folder = synthesize(settings, tmp_path / name, rule_packs=False)
        assert _templates(folder) != _templates(assembly("dev")), name


def _templates(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.template.json")}


def test_every_environment_is_looked_at() -> None:
    assert set(ENVIRONMENTS) == {"local", "dev", "prod"}
