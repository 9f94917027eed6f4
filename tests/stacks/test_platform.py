"""The six stacks together: names, order, outputs, determinism, and the error for an unknown environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import aws_lambda as lambda_

import config
from checks.controls.orchestration import NEWEST_RUNTIME
from tests.stacks.assemblies import ENVIRONMENTS, FLAGS, ROOT, assembly, resources, synthesize, templates
from tests.stacks.test_regions import warnings

ORDER = ("Storage", "Studio", "Images", "Training", "Serving", "Monitoring")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_six_stacks_with_the_documented_outputs(environment: str) -> None:
    found = templates(environment)
    assert set(found) == set(ORDER)
    outputs = {name: stack for stack, template in found.items() for name in template.get("Outputs", {})}
    assert outputs["DataBucket"] == outputs["ArtifactsBucket"] == "Storage"
    assert (outputs["EndpointName"], outputs["StateMachineArn"]) == ("Serving", "Training")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_references_flow_one_way(environment: str) -> None:
    manifest = json.loads((assembly(environment) / "manifest.json").read_text())
    rank = {f"Kennel-{environment.capitalize()}-{name}": index for index, name in enumerate(ORDER)}
    for name, artifact in manifest["artifacts"].items():
        if name in rank:
            needed = [rank[other] for other in artifact.get("dependencies", []) if other in rank]
            assert all(other < rank[name] for other in needed), name


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_imports_are_exports_that_exist(environment: str) -> None:
    text = json.dumps(templates(environment))
    exported = {
        output["Export"]["Name"]
        for template in templates(environment).values()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }
    assert "Fn::GetStackOutput" not in text
    imported = set(_imports(templates(environment)))
    assert imported and imported <= exported


def test_synth_is_the_same_to_the_byte(tmp_path: Path) -> None:
    once, twice = (
        _contents(synthesize(config.load("prod"), tmp_path / name, rule_packs=False)) for name in ("once", "twice")
    )
    assert not {name for name, content in once.items() if twice.get(name) != content}


def test_templates_are_account_agnostic_unless_the_config_names_one() -> None:
    for environment in ("dev", "prod"):
        for stack, template in templates(environment).items():
            assert "123456789012" not in json.dumps(template), stack


@pytest.mark.parametrize(
    ("environment", "protected"), [("local", set()), ("dev", set()), ("prod", {"Storage", "Studio"})]
)
def test_stacks_with_data_are_protected_where_it_is_retained(environment: str, protected: set[str]) -> None:
    artifacts = json.loads((assembly(environment) / "manifest.json").read_text())["artifacts"]
    found = {
        name.split("-")[2]
        for name, item in artifacts.items()
        if item.get("properties", {}).get("terminationProtection")
    }
    assert found == protected


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_resources_are_tagged_with_the_environment(environment: str) -> None:
    (key,) = resources(environment, "AWS::KMS::Key").values()
    assert {"Key": "kennel:environment", "Value": environment} in key["Properties"]["Tags"]


def test_an_unknown_environment_is_one_sentence_without_traceback() -> None:
    context = json.dumps({**FLAGS, "env": "staging"})
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": context},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "'staging' is not an environment of kennel.yaml; choose from local, rehearsal, dev, prod" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_required_runtime_is_the_newest_python_of_the_cdk() -> None:
    known = [name.removeprefix("PYTHON_").split("_") for name in dir(lambda_.Runtime) if name.startswith("PYTHON_")]
    major, minor = max((int(major), int(minor)) for major, minor in known)
    assert f"python{major}.{minor}" == NEWEST_RUNTIME


def _imports(value: object) -> list[str]:
    if isinstance(value, dict):
        if set(value) == {"Fn::ImportValue"}:
            return [value["Fn::ImportValue"]]
        return [name for item in value.values() for name in _imports(item)]
    if isinstance(value, list):
        return [name for item in value for name in _imports(item)]
    return []


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.mark.parametrize(
    ("environment", "account", "warned"),
    [("dev", None, True), ("dev", "111122223333", False), ("local", None, False)],
)
def test_a_deploy_into_whatever_account_is_warned_of(
    environment: str, account: str | None, warned: bool, tmp_path: Path
) -> None:
    """`kennel deploy` refuses; the CDK CLI compares an account only where there is one."""
    config_of = config.load(environment).model_copy(update={"account": account})
    said = warnings(synthesize(config_of, tmp_path, rule_packs=False))
    found = [text for text in said if f"environment {environment} does not say its account" in text]
    assert len(found) == warned
