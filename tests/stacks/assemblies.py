"""Synthesized assemblies, once per environment and test session, with the feature flags of cdk.json."""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")

import aws_cdk as cdk

import config
from config.app import AppConfig
from config.platform import NetworkConfig
from stacks.platform import build

ROOT = Path(__file__).parents[2]
FLAGS: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
ENVIRONMENTS = ("local", "dev", "prod")

VPC, TOPIC = "vpc-0123456789abcdef0", "arn:aws:sns:us-east-1:123456789012:platform-alarms"
_IN_VPC = {"vpc_id": VPC, "subnet_ids": ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1")}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "prod-in-a-vpc": ("prod", _IN_VPC),
    "local-in-a-vpc": ("local", {**_IN_VPC, "security_group_ids": ("sg-0123456789abcdef0", "sg-0123456789abcdef1")}),
}
"""Environments in somebody else's VPC, with somebody else's topic: name -> (environment, its network)."""

_folders: list[tempfile.TemporaryDirectory[str]] = []


def synthesize(
    settings: AppConfig,
    folder: Path,
    *,
    rule_packs: bool = True,
    context: Mapping[str, Any] | None = None,
    synthesizer: cdk.DefaultStackSynthesizer | None = None,
) -> Path:
    """Build the assembly of `settings` in `folder`. A finding of a rule pack raises."""
    app = cdk.App(
        context={**FLAGS, **(context or {})},
        outdir=str(folder),
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
        default_stack_synthesizer=synthesizer,
    )
    build(app, settings, rule_packs=rule_packs)
    app.synth()
    return folder


def settings(environment: str) -> AppConfig:
    """Of an environment of the clone, or of one of `VARIANTS`."""
    if environment not in VARIANTS:
        return config.load(environment)
    base, network = VARIANTS[environment]
    return config.load(base).model_copy(update={"network": NetworkConfig(**network), "notify": (TOPIC,)})


@functools.cache
def assembly(environment: str) -> Path:
    _folders.append(tempfile.TemporaryDirectory(prefix=f"kennel-{environment}-"))
    return synthesize(settings(environment), Path(_folders[-1].name))


@functools.cache
def templates(environment: str) -> dict[str, dict[str, Any]]:
    """Role of the stack (`Storage`, ...) -> template."""
    return {
        path.name.split("-")[2].split(".")[0]: json.loads(path.read_text()) for path in _template_files(environment)
    }


def resources(environment: str, kind: str, stack: str | None = None) -> dict[str, dict[str, Any]]:
    """`Stack/LogicalId` -> resource of CloudFormation type `kind`."""
    return {
        f"{role}/{name}": resource
        for role, template in templates(environment).items()
        if stack in (None, role)
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def properties(environment: str, kind: str, stack: str | None = None) -> list[dict[str, Any]]:
    return [resource.get("Properties", {}) for resource in resources(environment, kind, stack).values()]


def _template_files(environment: str) -> list[Path]:
    return sorted(assembly(environment).glob("*.template.json"))
