"""Each function may do what its code calls, and little else. The calls are read from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.policies import Statement
from stacks.constructs.container_image import PULL
from tests.stacks.assemblies import ROOT
from tests.stacks.test_iam import allowed

FUNCTIONS = {
    "plan_run": "FunctionsPlanRunRole",
    "diagnose_failure": "FunctionsDiagnoseFailureRole",
    "emit_findings": "FunctionsEmitFindingsRole",
    "quality_gate": "FunctionsQualityGateRole",
    "register_model": "FunctionsRegisterModelRole",
    "stage_artifact": "FunctionsStageArtifactRole",
    "smoke_test": "FunctionsSmokeTestRole",
    "publish_model": "FunctionsPublishModelRole",
    "build_images": "BuildStarterRole",
    "empty_storage": "EmptyingFunctionRole",
    "seed_prefix": "SeedFunctionRole",
    "clear_network": "ClearingFunctionRole",
    "adopt_log_group": "LogsFunctionRole",
}
S3 = {
    "head_object": {"s3:GetObject"},
    "get_object": {"s3:GetObject"},
    "put_object": {"s3:PutObject"},
    "copy_object": {"s3:GetObject", "s3:PutObject"},
    "list_objects_v2": {"s3:ListBucket"},
    "list_object_versions": {"s3:ListBucketVersions"},
    "delete_object": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "delete_objects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "delete_bucket": {"s3:DeleteBucket"},
}
PREFIXES = {"sagemaker-runtime": "sagemaker", "service-quotas": "servicequotas"}
HELPERS = {path.stem: ast.parse(path.read_text()) for path in (ROOT / "lambdas" / "common").glob("*.py")}
"""Modules whose functions call AWS for others: `s3.read(...)`, `endpoints.describe(...)`."""
WITH_ANY_ACCESS = {"s3:ListBucket", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
"""Come along with reading or writing objects."""
FOR_OTHERS = {"register_model": {"s3:GetObject", "sagemaker:AddTags", *PULL}}
"""SageMaker reads the archive and the image, and tags the group, with the permissions of who registers a package."""
SERVICES = (
    "s3:", "sagemaker:", "servicequotas:", "codebuild:", "cloudwatch:", "cloudformation:", "ec2:", "ecr:", "logs:",
)  # fmt: skip
EVERY_FUNCTION = {"logs:CreateLogStream", "logs:PutLogEvents"}
"""Its own log."""


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(service, operation) of each `client("service").operation(...)`, also by way of a variable or a paginator.

    A parameter with the name of a service is a client of it.
    """
    names = {
        target.id: service
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and (service := _service(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    names |= {
        argument.arg: argument.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
        if f"{argument.arg}:" in SERVICES
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        service = _service(owner) or (names.get(owner.id) if isinstance(owner, ast.Name) else None)
        if service:
            paged = node.func.attr == "get_paginator" and isinstance(node.args[0], ast.Constant)
            yield service, str(node.args[0].value) if paged else node.func.attr  # type: ignore[attr-defined]


def helper_calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The calls behind `s3.read(...)` and the like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in HELPERS:
            yield from _behind(node.value.id, node.attr)


def _behind(module: str, name: str) -> Iterator[tuple[str, str]]:
    functions = {node.name: node for node in HELPERS[module].body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        return
    yield from calls(functions[name])
    for node in ast.walk(functions[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            yield from _behind(module, node.func.id)


def actions_of(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_text())
        for service, operation in (*calls(tree), *helper_calls(tree)):
            name = "".join(part.capitalize() for part in operation.split("_")).replace("Aws", "AWS")
            found |= S3[operation] if service == "s3" else {f"{PREFIXES.get(service, service)}:{name}"}
    return found


def granted(role: str, environment: str) -> set[str]:
    items: list[Statement] = allowed(role, environment)
    found = {action for item in items for action in item.actions if action.startswith(SERVICES)}
    return found - EVERY_FUNCTION


def _service(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("client", "quick_client"):
        return str(node.args[0].value)  # type: ignore[attr-defined]
    return None


def fullest(name: str) -> str:
    """The environment in which the function does all it can: a stable key, images that are built; or a Studio."""
    return "local" if name == "clear_network" else "dev"


def test_the_reader_finds_calls() -> None:
    assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket"} <= actions_of(ROOT / "lambdas" / "plan_run")
    assert "sagemaker:UpdateEndpoint" in actions_of(ROOT / "lambdas" / "publish_model")


def test_every_function_is_known() -> None:
    folders = {path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py")}
    assert folders == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_what_it_calls(name: str) -> None:
    missing = actions_of(ROOT / "lambdas" / name) - granted(FUNCTIONS[name], fullest(name))
    assert not missing


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_little_else(name: str) -> None:
    needed = actions_of(ROOT / "lambdas" / name) | FOR_OTHERS.get(name, set())
    if needed & {"s3:GetObject", "s3:PutObject"}:
        needed |= WITH_ANY_ACCESS
    assert not granted(FUNCTIONS[name], fullest(name)) - needed
